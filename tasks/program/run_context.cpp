#include "tasks/program/run_context.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>

#include <fmt/core.h>

#include "kernels/core/build_info.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/core/support/parallel.h"
#include "kernels/io/counted.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"

namespace elm {
Record result_header(const Arguments& arguments, Device device) {
    Record record;
    record.set("command", arguments.command().name)
        .set("version", std::string(build_info::version))
        .set("device", to_string(device))
        .set("threads", std::int64_t{thread_count()})
        .set("seconds", arguments.seconds());
    return record;
}

html::Facts page_facts(const Arguments& arguments, Device device) {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    char time_of_day[32];
    std::strftime(time_of_day, sizeof time_of_day, "%Y-%m-%d %H:%M UTC", &utc);
    return {{"made", time_of_day},
            {"took", fmt::format("{:.0f} s", arguments.seconds())},
            {"machine",
             fmt::format("{}, {}", describe(device), counted(thread_count(), "thread", "threads"))},
            {"program",
             fmt::format("elmsim {}, {}, {}, for {}", build_info::version, build_info::build_type,
                         build_info::compiler, build_info::architecture)},
            {"command", arguments.command_line()}};
}

void use_threads(const Arguments& arguments) {
    if (!arguments.has("threads")) return;
    const std::int64_t threads = arguments.integer("threads");
    ELM_CHECK(threads >= 1 && threads <= 4096, "--threads {}: expected 1 to 4096.", threads);
    set_thread_count(static_cast<int>(threads));
}

RunContext::RunContext(const Arguments& arguments, bool trains) {
    use_threads(arguments);
    if (arguments.has("seed")) arguments.seed();  // a mistake even where nothing is drawn
    const Device device =
        with_flag("--device", [&] { return parse_device(arguments.text("device")); });
    const std::string precision = arguments.text("precision");
    const bool on_tensor_cores = trains && device.kind == DeviceKind::cuda;
    if (precision == "bf16" && on_tensor_cores) {
        arithmetic_ = ElmArithmetic::bf16;
    } else if (precision == "tf32" && on_tensor_cores) {
        arithmetic_ = ElmArithmetic::tf32;
    } else if (precision != "f32" && precision != "f64") {
        throw Error(ErrorKind::unsupported,
                    fmt::format("--precision {} is not available for elmsim {} on {}. Use f32 or "
                                "f64.",
                                precision, arguments.command().name, to_string(device)));
    }
    precision_ = precision == "f64" ? DType::f64 : DType::f32;
    stream_ = std::make_unique<Stream>(device);
}

void RunContext::announce() const {
    log::info("on {} ({}), {}, {}", to_string(stream_->device()), describe(stream_->device()),
              counted(thread_count(), "thread", "threads"), name_of(precision_));
}

std::int64_t peak_memory_bytes() {
    // Not getrusage: its figure is inherited from the process that started this one.
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) return std::strtoll(line.c_str() + 6, nullptr, 10) * 1024;
    }
    return 0;
}

void print_result(const std::string& text) {
    const bool written = std::fputs(text.c_str(), stdout) >= 0 &&
                         (text.ends_with('\n') || std::fputc('\n', stdout) != EOF);
    if (!written || std::fflush(stdout) != 0) {
        throw Error(ErrorKind::write, fmt::format("the results cannot be written to stdout: {}.",
                                                  std::strerror(errno)));
    }
}

}  // namespace elm

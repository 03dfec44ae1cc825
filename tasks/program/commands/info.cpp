// elmsim info: this build on this machine.

#include <filesystem>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "kernels/core/build_info.h"
#include "kernels/core/cuda/cuda_runtime.h"
#include "kernels/core/device.h"
#include "kernels/core/simd/multiply_add_units.h"
#include "kernels/core/support/parallel.h"
#include "kernels/io/counted.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/run_context.h"

namespace elm {
namespace {

/// The widest vector unit that this build uses; it is built for one machine.
constexpr const char* vector_unit =
#if defined(__AVX512F__)
    "AVX-512";
#elif defined(__AVX2__) && defined(__FMA__)
    "AVX2 with FMA";
#elif defined(__AVX__)
    "AVX";
#elif defined(__ARM_FEATURE_SVE)
    "SVE";
#elif defined(__ARM_NEON)
    "NEON";
#elif defined(__SSE2__)
    "SSE2";
#else
    "none";
#endif

std::string details_of(Device device) {
    if (device.kind == DeviceKind::cpu) return counted(thread_count(), "thread", "threads");
    return cuda::device_details(device.index);
}

/// Line on the vector unit as the kernels of recurrences found it.
std::string multiply_add_line(const MultiplyAddUnits& units) {
    if (units.count == 0) return {};
    return fmt::format(
        "multiply-add  {} of 512 bits a cycle ({}): ELM units in vectors of {} bits\n", units.count,
        units.source, units.count == 2 ? 512 : 256);
}

/// A graphics processor of NVIDIA, as PCI tells it, whether a driver answers or not.
bool has_gpu() {
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator("/sys/bus/pci/devices", none)) {
        std::string vendor, kind;
        std::ifstream(entry.path() / "vendor") >> vendor;
        std::ifstream(entry.path() / "class") >> kind;
        if (vendor == "0x10de" && kind.starts_with("0x03")) return true;
    }
    return false;
}

int run(const Arguments& arguments) {
    const MultiplyAddUnits units = multiply_add_units();
    const auto devices = available_devices();
    const std::string no_cuda = why_no_cuda();
    std::string text = fmt::format("elmsim {}\nbuild         {}, {}, for {}\nvector unit   {}\n",
                                   build_info::version, build_info::build_type,
                                   build_info::compiler, build_info::architecture, vector_unit);
    text += multiply_add_line(units);
    std::vector<Record> device_records;
    for (const Device device : devices) {
        const std::string name = to_string(device), title = describe(device);
        const std::string details = details_of(device);
        text += fmt::format("device        {}: {}, {}\n", name, title, details);
        device_records.push_back(
            Record().set("device", name).set("name", title).set("details", details));
    }
    // Where there is a GPU its user wants to know why it is not used; elsewhere there is no more
    // to say.
    text += fmt::format("CUDA          {}\n", no_cuda.empty() ? "available"
                                              : has_gpu()     ? no_cuda
                                                              : "no GPU here: the CPU does it all");
    Record libraries;
    for (const auto& [name, version] : build_info::libraries) {
        text += fmt::format("{:<13} {}\n", name, version);
        libraries.set(std::string(name), std::string(version));
    }
    Record record = result_header(arguments, parse_device("auto"));
    record.set("build_type", std::string(build_info::build_type))
        .set("compiler", std::string(build_info::compiler))
        .set("architecture", std::string(build_info::architecture))
        .set("vector_unit", vector_unit)
        .set("multiply_add_units", units.count)
        .set("multiply_add_units_source", std::string(units.source))
        .set("cuda", no_cuda.empty() ? "available" : no_cuda)
        .set("devices", std::move(device_records))
        .set("libraries", std::move(libraries));
    print_result(arguments.has("json") ? record.to_json() : text);
    return 0;
}

}  // namespace

Command info_command() {
    return {.name = "info",
            .summary = "version, build, devices, vector unit, libraries",
            .examples = {"elmsim info"},
            .needs_arguments = false,
            .run = run};
}

}  // namespace elm

#include "kernels/core/support/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

#include "kernels/core/support/check.h"
#include "kernels/core/support/progress.h"

namespace elm::log {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warn:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

struct Sinks {
    std::shared_ptr<spdlog::sinks::stderr_sink_mt> terminal =
        std::make_shared<spdlog::sinks::stderr_sink_mt>();
    spdlog::logger logger{"elmsim", terminal};

    Sinks() {
        logger.set_level(spdlog::level::debug);
        terminal->set_level(spdlog::level::info);
        terminal->set_pattern("%l: %v");
    }
};

Sinks& sinks() {
    static Sinks instance;
    return instance;
}

}  // namespace

void set_level(Level level) { sinks().terminal->set_level(to_spdlog(level)); }

void set_file(const std::string& path) {
    try {
        auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
        file->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
        sinks().logger.sinks().push_back(std::move(file));
        sinks().logger.flush_on(spdlog::level::debug);
        sinks().logger.set_error_handler([path, told = false](const std::string& reason) mutable {
            if (!std::exchange(told, true)) {
                fmt::print(stderr, "warning: {} is not written to the end: {}\n", path, reason);
            }
        });
    } catch (const spdlog::spdlog_ex& failure) {
        throw Error(ErrorKind::write,
                    fmt::format("the log file {} cannot be opened ({}). Choose a folder that "
                                "exists and may be written.",
                                path, failure.what()));
    }
}

void write(Level level, std::string_view message) {
    Progress::clear_line();
    sinks().logger.log(to_spdlog(level), "{}", message);
}

}  // namespace elm::log

#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>

/// Log lines go to stderr and, if asked, to a file; stdout is for results.
namespace elm::log {

enum class Level { debug, info, warn, error };

/// Lines below `level` are dropped from stderr.
void set_level(Level level);

/// Also writes every line, debug included, to `path`. Throws Error{write} if it cannot be opened.
void set_file(const std::string& path);

void write(Level level, std::string_view message);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::warn, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace elm::log

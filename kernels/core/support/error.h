#pragma once

// No fmt here: .cu files include this, and nvcc rejects fmt 9. Format through check.h.

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace elm {

/// Cause of an error, from the point of view of the person who has to mend it.
enum class ErrorKind {
    invalid,      // an option, a configuration or a shape that the caller chose
    exists,       // an output that is there already and may not be replaced
    data,         // a file that is missing, truncated, of another format or version
    unsupported,  // something this build or this machine does not have
    device,       // a failure of a device that is there
    numeric,      // a number that stopped being finite
    memory,       // out of memory
    write,        // an output that could not be written
};

/// Exit code of the program for an error of this kind: 2 to 7.
int exit_code(ErrorKind kind) noexcept;

/// Where an error was raised. Clang 14 has no std::source_location, both compilers have built-ins.
struct SourceSite {
    const char* file = "";
    int line = 0;

    static constexpr SourceSite here(const char* file = __builtin_FILE(),
                                     int line = __builtin_LINE()) noexcept {
        return {file, line};
    }
};

/// An error that a user, a file or the machine can cause. Its message says what, expected, got,
/// and the way out.
class Error : public std::exception {
public:
    Error(ErrorKind kind, std::string message, SourceSite site = SourceSite::here());

    ErrorKind kind() const noexcept { return kind_; }
    const std::string& message() const noexcept { return message_; }
    SourceSite site() const noexcept { return site_; }
    const char* what() const noexcept override { return message_.c_str(); }

    /// The same error with "while CONTEXT: " in front of its message.
    Error with_context(std::string_view context) const;

private:
    ErrorKind kind_;
    std::string message_;
    SourceSite site_;
};

/// Calls `work`; an Error that leaves it gets "while CONTEXT: " in front.
template <class Work>
decltype(auto) with_context(std::string_view context, Work&& work) {
    try {
        return std::forward<Work>(work)();
    } catch (const Error& error) {
        throw error.with_context(context);
    }
}

[[noreturn]] void assertion_failed(const char* condition, SourceSite site);

}  // namespace elm

#include "kernels/core/support/error.h"

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>

namespace elm {

int exit_code(ErrorKind kind) noexcept {
    switch (kind) {
        case ErrorKind::invalid:
        case ErrorKind::exists:
            return 2;
        case ErrorKind::data:
            return 3;
        case ErrorKind::unsupported:
        case ErrorKind::device:
            return 4;
        case ErrorKind::numeric:
            return 5;
        case ErrorKind::memory:
            return 6;
        case ErrorKind::write:
            return 7;
    }
    return 1;
}

Error::Error(ErrorKind kind, std::string message, SourceSite site)
    : kind_(kind), message_(std::move(message)), site_(site) {}

Error Error::with_context(std::string_view context) const {
    return {kind_, fmt::format("while {}: {}", context, message_), site_};
}

void assertion_failed(const char* condition, SourceSite site) {
    std::fprintf(stderr, "bug: %s:%d: assertion failed: %s\n", site.file, site.line, condition);
    std::abort();
}

}  // namespace elm

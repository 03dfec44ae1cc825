#pragma once

#include <fmt/core.h>

#include "kernels/core/support/error.h"

/// Something that a user can cause: throws Error{invalid} with a formatted message.
#define ELM_CHECK(condition, ...)                                                      \
    do {                                                                               \
        if (!(condition)) {                                                            \
            throw ::elm::Error(::elm::ErrorKind::invalid, ::fmt::format(__VA_ARGS__)); \
        }                                                                              \
    } while (false)

/// Something that only a bug can cause: prints the condition and aborts.
#define ELM_ASSERT(condition)                                               \
    do {                                                                    \
        if (!(condition)) {                                                 \
            ::elm::assertion_failed(#condition, ::elm::SourceSite::here()); \
        }                                                                   \
    } while (false)

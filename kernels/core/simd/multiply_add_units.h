#pragma once

#include <string_view>

namespace elm {

/// How many multiply-adds of 512 bits a core of this machine begins in a cycle: 1 or 2, and 0 where
/// the build has none. Kernels choose their structure by it, at the time when weights are packed:
/// with one unit 256-bit vectors do as much as 512-bit ones and waste less; with two they do half.
struct MultiplyAddUnits {
    int count;
    std::string_view source;  // "measured", "ELM_MULTIPLY_ADD_UNITS", "set" or "no AVX-512"
};

/// Measured at the first call, in less than a millisecond, unless the environment variable
/// ELM_MULTIPLY_ADD_UNITS says 1 or 2. Throws Error{invalid} if it says something else.
MultiplyAddUnits multiply_add_units();

/// From now on 1 or 2, whatever the machine has; no effect where the build has no AVX-512.
void set_multiply_add_units(int count);

}  // namespace elm

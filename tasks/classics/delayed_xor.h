#pragma once

#include <cstdint>
#include <span>

namespace elm {

/// Exclusive or of two marked bits among many, asked for at the last step.
///
///   channel 0  0 or 1 with equal chance in each step
///   channel 1  1 in one step of the first half and in one of the second, else 0
///   target     1 if the two marked bits differ, else 0: the sign cannot be learnt from either
///   alone
///
/// Source: the "xor problem" of Martens & Sutskever 2011, "Learning recurrent neural networks with
/// Hessian-free optimization" (ICML), which is the adding problem with bits.
struct DelayedXorOptions {
    int length = 100;  // steps, 2 or more
};

inline constexpr int delayed_xor_channels = 2;

/// Writes sample `index` of `seed`: input (length, 2), row-major. Returns the target. Throws
/// Error{invalid} for a length or a span that does not fit.
int fill_delayed_xor(const DelayedXorOptions& options, std::uint64_t seed, std::uint64_t index,
                     std::span<float> input);

}  // namespace elm

#pragma once

#include <cstdint>
#include <span>

namespace elm {

/// The adding problem: two of many numbers are marked, and their sum is asked for at the last step.
///
///   channel 0  U(0, 1) in each step
///   channel 1  1 in one step of the first half and in one of the second, else 0
///   target     sum of the two marked numbers; the loss is the squared error, 1/6 for the constant
///   1
///
/// Source: Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735, in the form of Gu, Goel &
/// Re 2022, arXiv 2111.00396 (public repository): an odd length has its shorter half first.
struct AddingOptions {
    int length = 1000;  // steps, 2 or more
};

inline constexpr int adding_channels = 2;

/// Writes sample `index` of `seed`: input (length, 2), row-major. Returns the target. Throws
/// Error{invalid} for a length or a span that does not fit.
float fill_adding(const AddingOptions& options, std::uint64_t seed, std::uint64_t index,
                  std::span<float> input);

}  // namespace elm

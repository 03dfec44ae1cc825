#pragma once

#include <cstdint>

#include "kernels/io/option_set.h"

namespace elm {

/// Pairs of modes by the option "states", two of them for each. Throws Error{invalid} for an odd
/// number.
std::int64_t modes_of(const OptionSet& options);

/// Sets of modes that features share in turn, by the option "rows", 0: each of `width` features has
/// its own. Throws Error{invalid} for a number that does not divide the width.
std::int64_t rows_of(const OptionSet& options, std::int64_t width);

/// For random searches: the published settings of S4, S4D, DSS, S5 and Liquid-S4 for Long Range
/// Arena have 0.0005 to 0.01, and twice that for the steps of DSS.
inline constexpr SearchRange state_space_learning_rates{
    .low = 5e-4, .high = 2e-2, .logarithmic = true};

}  // namespace elm

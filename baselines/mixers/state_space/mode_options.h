#pragma once

#include <cstdint>

namespace elm {

class OptionSet;

/// Pairs of modes by the option "states", two of them for each. Throws Error{invalid} for an odd
/// number.
std::int64_t modes_of(const OptionSet& options);

/// Sets of modes that features share in turn, by the option "rows", 0: each of `width` features has
/// its own. Throws Error{invalid} for a number that does not divide the width.
std::int64_t rows_of(const OptionSet& options, std::int64_t width);

}  // namespace elm

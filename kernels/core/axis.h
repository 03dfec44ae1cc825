#pragma once

#include <string_view>

#include "kernels/core/shape.h"

namespace elm {

/// Reads an axis of `shape`; negative ones count from the last one (-1). Throws Error{invalid}
/// naming `what` for an axis that is not there.
int require_axis(const Shape& shape, int axis, std::string_view what);

/// (groups, rows, columns): `axis` in the middle, all axes before it in one and all after it in
/// one.
Shape around_axis(const Shape& shape, int axis);

}  // namespace elm

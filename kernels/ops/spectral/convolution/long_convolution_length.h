#pragma once

#include <cstdint>

namespace elm {

/// Points of the transform of a sequence of so many steps: the least power of two that has room.
constexpr std::int64_t transform_points(std::int64_t steps) {
    std::int64_t points = 1;
    while (points < steps) points *= 2;
    return points;
}

}  // namespace elm

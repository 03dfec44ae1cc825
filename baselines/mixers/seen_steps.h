#pragma once

#include <algorithm>
#include <cstdint>

namespace elm {

/// How many steps one sees in the mean over a sequence of `steps`: itself, and as many as there are
/// of the `before` steps before it and of the `after` behind it.
inline double seen_steps(std::int64_t steps, std::int64_t before, std::int64_t after) {
    const auto on_one_side = [n = static_cast<double>(steps)](std::int64_t most) {
        const double reach = std::min(static_cast<double>(most), n - 1);
        return reach - reach * (reach + 1) / (2 * n);  // fewer at the sequence's end
    };
    return steps < 1 ? 0 : 1 + on_one_side(before) + on_one_side(after);
}

}  // namespace elm

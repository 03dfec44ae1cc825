#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "tasks/data/sample_random.h"

namespace elm {

/// Distinct ids uniform in [first, first + count), in the order of drawing: every id is drawn among
/// those that are left. `ids` must not hold more than there are.
inline void draw_distinct_ids(SampleRandom& random, std::int32_t first, int count,
                              std::span<std::int32_t> ids) {
    for (auto next = ids.begin(); next != ids.end(); ++next) {
        do *next = first + random.below(count);
        while (std::find(ids.begin(), next, *next) != next);
    }
}

}  // namespace elm

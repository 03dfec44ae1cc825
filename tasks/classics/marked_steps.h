#pragma once

#include <utility>

#include "tasks/data/sample_random.h"

namespace elm {

/// Two steps that a sequence of `length` marks: one uniform in the first floor(length / 2) steps,
/// one uniform in the rest.
inline std::pair<int, int> draw_marked_steps(SampleRandom& random, int length) {
    const int half = length / 2;
    const int first = random.below(half);
    return {first, half + random.below(length - half)};
}

}  // namespace elm

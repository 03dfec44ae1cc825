#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernels/io/value.h"
#include "tasks/data/sets/set_columns.h"

namespace elm {

/// What draws the samples of a task.
struct SetGenerator {
    std::string task;
    Values options = {};
    std::vector<SetField> fields = {};
    /// Adds sample `index` of `seed` to columns of these fields. It follows from the two alone;
    /// several threads draw at once.
    std::function<void(std::uint64_t seed, std::uint64_t index, SetColumns& columns)> draw = {};
    bool is_slow = false;  // drawing takes about as long as training on what is drawn
};

}  // namespace elm

#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tasks/arena/arena_options.h"
#include "tasks/arena/battle/predictions.h"

namespace elm::test {

/// Recall of 2 pairs of 8 ids, whose inputs often occur twice.
inline ArenaTask small_task() {
    return {.name = "recall",
            .options = {{"pairs", std::int64_t{2}}, {"vocabulary", std::int64_t{16}}},
            .files = {},
            .drawn = 1500};
}

inline ArenaSizes small_sizes() {
    return {.target = 100,
            .part = 80,
            .opponents = 200,
            .committee = 80,
            .calibration = 80,
            .source = 160,
            .test = 160};
}

/// Answers of one class each: sample k has label k % 3, and the outputs of row k.
inline PartAnswers answers(const std::vector<std::vector<double>>& outputs) {
    PartAnswers part{.part = "d1"};
    for (std::size_t k = 0; k < outputs.size(); ++k) {
        const auto label = static_cast<std::int32_t>(k % 3);
        const auto& z = outputs[k];
        double sum = 0;
        for (const double one : z) {
            sum += std::exp(one);
            part.outputs.push_back(static_cast<float>(one));
        }
        part.samples.push_back(static_cast<std::int64_t>(k));
        part.label.push_back(label);
        part.loss.push_back(std::log(sum) - z[static_cast<std::size_t>(label)]);
        part.right.push_back(std::max_element(z.begin(), z.end()) - z.begin() == label ? 1 : 0);
    }
    part.calibrated = part.loss;
    return part;
}

}  // namespace elm::test

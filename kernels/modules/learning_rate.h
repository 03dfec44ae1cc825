#pragma once

#include <cstdint>

#include "kernels/io/option_set.h"

namespace elm {

/// How the learning rate falls after the warm-up.
enum class Schedule : std::uint8_t {
    constant,
    cosine,           // to 0 along half a cosine: Loshchilov & Hutter 2017, arXiv 1608.03983
    step,             // times `step_factor` every `step_length` steps
    reciprocal_root,  // with 1 / sqrt(step): Vaswani et al. 2017, arXiv 1706.03762
};

/// The learning rate of each training step. Steps count from 0.
struct LearningRate {
    Schedule schedule = Schedule::constant;
    double peak = 1e-3;
    std::int64_t warmup_steps = 0;  // rises from peak / warmup_steps to peak in equal parts
    std::int64_t total_steps = 0;   // cosine: the rate is 0 from here on
    std::int64_t step_length = 1;   // counted from the end of the warm-up
    double step_factor = 0.1;

    /// Throws Error{invalid} for a rate below 0 or not finite, or a count that is out of range.
    void check() const;
    double at(std::int64_t step) const;
};

/// The options "schedule", "learning_rate", "warmup_steps", "step_length" and "step_factor".
void declare_learning_rate(OptionSet& options);

/// Schedule that they were set to, checked, over `total_steps`.
LearningRate learning_rate_of(const OptionSet& options, std::int64_t total_steps);

}  // namespace elm

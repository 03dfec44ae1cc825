#pragma once

#include <cstdint>
#include <vector>

#include "kernels/core/dtype.h"
#include "kernels/modules/learning_rate.h"
#include "kernels/modules/optimizer.h"
#include "tasks/training/scored_samples.h"

namespace elm {

/// Work that went into a model.
struct WorkDone {
    std::int64_t updates = 0;
    double seconds = 0, flops = 0;
};

/// A recipe in numbers.
struct TrainingSettings {
    std::int64_t updates = 0;
    std::int64_t report_every = 1, validate_every = 1;  // updates
    std::int64_t batch = 8;                             // samples, of all processes together
    std::int64_t accumulation_steps = 1;  // batches whose gradients are summed before one update
    /// Equal parts of a batch that pass one after the other, where memory is short.
    std::int64_t batch_parts = 1;
    std::uint64_t seed = 0;
    OptimizerSettings optimizer = {};
    LearningRate learning_rate = {};
    DType precision = DType::f32;
    double label_smoothing = 0;  // share of each label that all classes have alike; 0 to 1
    ScoredSamples scored = {};
    /// What went into the parameters that it begins with, in earlier stages of a curriculum.
    WorkDone earlier = {};
    /// Where the biases of the readout begin; NaN: as drawn. Empty: all as drawn.
    std::vector<double> readout_bias = {};

    std::int64_t samples_per_update() const noexcept { return accumulation_steps * batch; }
};

}  // namespace elm

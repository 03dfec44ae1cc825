#pragma once

#include <cstdint>
#include <functional>

namespace elm {

class Training;

/// Memory of a training in bytes: that of its parameters and what a pass has for all its samples,
/// that of a pass for each sample, and that of a fused pass over so many.
struct MemoryNeed {
    double fixed = 0, per_sample = 0;
    double seconds = 0;  // a sample, within the second of the passes that measured it
    std::function<double(std::int64_t samples)> pass = [](std::int64_t) { return 0.0; };

    double of(std::int64_t samples) const {
        return fixed + per_sample * static_cast<double>(samples) + pass(samples);
    }
};

/// Memory that a training takes besides its parameters, by passes over one sample and over two,
/// after which it is to be thrown away, but not before the result.
MemoryNeed measure_memory(Training& training);

/// How a batch passes.
struct PassPlan {
    std::int64_t parts = 1;  // one after the other
    int recomputes = 0;      // calls of TrainingPass::recompute
    double bytes = 0;        // that such a pass takes, parameters included
};

/// The plan whose passes fit, the fastest first: at once, at once with more and more recomputation,
/// then the fewest equal parts. `training` recomputes after it if the plan does. Throws
/// Error{memory} with the need where a single sample does not fit.
PassPlan plan_passes(Training& training, const MemoryNeed& need, std::int64_t samples,
                     double limit_bytes);

/// The fewest equal parts of `samples` whose passes fit one by one. Throws as plan_passes().
std::int64_t batch_parts(const MemoryNeed& need, std::int64_t samples, double limit_bytes);

}  // namespace elm

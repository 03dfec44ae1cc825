#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kernels/core/spike_train.h"

namespace elm {

/// Input spikes of one sample, given out in chunks of time. Memory does not depend on the length.
class SpikeSource {
public:
    virtual ~SpikeSource() = default;

    /// Spikes of the next `n_steps` steps, as one sample; no spikes past the end. How the steps
    /// are cut into chunks does not change them. Throws Error{data} for a file that breaks a rule.
    virtual SpikeTrain next(std::int64_t n_steps) = 0;
};

/// One sample of input: what it is called and where its spikes come from.
struct SampleInput {
    std::string name;  // "sim_00003", "trial_1", "poisson"
    std::int64_t n_steps = 0;
    std::unique_ptr<SpikeSource> source;
};

}  // namespace elm

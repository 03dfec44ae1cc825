#pragma once

#include "neuron/cable/solver/cable_batch.h"

namespace elm::cable {

/// Runs all trials. Throws Error{unsupported} for probes of another quantity than voltage and
/// calcium. Returns the first divergence.
std::optional<Divergence> run_on_device(BatchRun& run, Device device,
                                        const std::function<void()>& tick);

}  // namespace elm::cable

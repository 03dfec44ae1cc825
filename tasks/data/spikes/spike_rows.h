#pragma once

#include <cstdint>
#include <span>

#include "kernels/core/spike_train.h"

/// Trains that are filled sample by sample, in the memory of an older one.
namespace elm {

/// Empties a train and makes room for `n_samples` samples of a spike a step.
void begin_rows(SpikeTrain& train, std::int64_t n_samples, std::int64_t n_steps,
                std::int64_t n_units);

/// Appends a sample of one spike a step, by the unit in [0, n_units) or below 0 for none. Steps
/// beyond are silent.
void append_one_hot(SpikeTrain& train, std::span<const std::int32_t> units);

/// Appends a sample of noughts and ones, (n_steps, n_units), row-major: each 1 is a spike.
void append_binary(SpikeTrain& train, std::span<const float> values);

}  // namespace elm

#pragma once

#include <cstdint>

#include "tasks/data/spikes/spike_source.h"

namespace elm {

/// Independent Poisson spikes of `n_units` units, each of `rate_hz`. Step t of seed s holds the
/// same spikes whatever came before it; trials differ. Several spikes of a unit in one step add up.
/// Throws Error{invalid} for a negative or infinite rate.
SampleInput poisson_input(double rate_hz, std::int64_t n_units, std::int64_t n_steps,
                          double time_step_ms, std::uint64_t seed, std::uint32_t trial = 0);

}  // namespace elm

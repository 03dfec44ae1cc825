#pragma once

#include <cstdint>
#include <memory>

#include "tasks/data/spikes/spike_listing.h"
#include "tasks/neuronio/input_protocol.h"

namespace elm {

/// The input of simulation `index` of `seed` (see input_protocol.h) as a listing in order of time,
/// drawn when its first spike is asked for. Memory grows with the length: about half a MB for each
/// second of 1278 synapses. Throws Error{invalid} for a duration below 1 ms or above 1000 s.
SpikeSample protocol_spikes(std::shared_ptr<const InputSites> sites, int duration_ms,
                            std::uint64_t seed, std::uint64_t index);

}  // namespace elm

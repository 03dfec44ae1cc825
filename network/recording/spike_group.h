#pragma once

#include <cstdint>
#include <string>

#include "network/recording/spike_record.h"

namespace elm {
class Hdf5File;
}

/// Spikes in the layout of SONATA.
/// Source: Dai et al. 2020, doi:10.1371/journal.pcbi.1007696.
namespace elm::network {

/// Marks a file as one of SONATA, version 0.1.
void mark_as_sonata(Hdf5File& file);

/// Writes /spikes/NAME/timestamps (ms) and node_ids, sorted by time, with the size of the
/// population and the duration beside them.
void write_spike_group(Hdf5File& file, const std::string& name, std::int64_t size,
                       const SpikeTrainOf& spikes, double duration_ms);

}  // namespace elm::network

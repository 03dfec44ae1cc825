#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tasks/data/spikes/spike_listing.h"

namespace elm {

class Hdf5File;

/// Two datasets of one axis and equal length: times, in a unit of `ms_per_unit`, and units.
std::unique_ptr<SpikeListing> list_hdf5_spikes(std::shared_ptr<const Hdf5File> file,
                                               const std::string& times, const std::string& units,
                                               double ms_per_unit = 1);

/// The samples in a file, in order of their names: groups at the root or in /spikes (or these
/// themselves) that hold `times` and `units`, `timestamps` and `node_ids` or `gids` (SONATA), or
/// `input_time_ms` and `input_synapse` (NeuronIO). The attribute `units` of the times (or of their
/// group) is their unit, `sorting` of the group their order. The length is the attribute
/// duration_ms of the group or the root, in NeuronIO files sim_duration_ms.
/// Throws Error{data} for a unit that is not known.
std::vector<SpikeSample> find_hdf5_spikes(const std::shared_ptr<const Hdf5File>& file);

}  // namespace elm

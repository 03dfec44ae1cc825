#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tasks/spike_source.h"

namespace elm {

class Hdf5File;

/// Where the spikes of one sample stand in an HDF5 file: two arrays of equal length, times in ms,
/// rising, and units from 0.
struct SpikeGroup {
    std::string name;   // of its group; "spikes" where they stand at the root
    std::string times;  // path of the dataset
    std::string units;
    std::optional<double> duration_ms;  // where the file says it
};

/// The samples in a file, in order of their names: groups (or the root) that hold `times` and
/// `units`, `timestamps` and `node_ids` (SONATA), or `input_time_ms` and `input_synapse`
/// (NeuronIO). The length is the attribute duration_ms of the group or the root, in NeuronIO files
/// sim_duration_ms; where there is none, a sample ends with the step of its last spike.
std::vector<SpikeGroup> find_spike_groups(const Hdf5File& file);

/// All samples of a file as streams on a grid of `time_step_ms`. A spike at time t acts in step
/// floor(t / time_step_ms). `duration_ms` takes the place of the length in the file.
/// Throws Error{data} naming file, dataset, index and value for a file without spikes, arrays of
/// different length, an unknown length and units not below `n_units`; next() does so for times that
/// fall, are negative, not finite or past the end.
std::vector<SampleInput> open_spike_file(const std::string& path, std::int64_t n_units,
                                         double time_step_ms,
                                         std::optional<double> duration_ms = {});

/// A stream of one group of a file that is already open.
SampleInput open_spike_group(std::shared_ptr<const Hdf5File> file, const SpikeGroup& group,
                             std::int64_t n_units, double time_step_ms,
                             std::optional<double> duration_ms = {});

}  // namespace elm

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tasks/data/spikes/spike_listing.h"
#include "tasks/data/spikes/spike_source.h"

namespace elm {

/// The samples in a file: HDF5 (see find_hdf5_spikes), or a table of text (see find_text_spikes).
/// Empty for HDF5 without spikes. Throws Error{data} for a file that is neither.
std::vector<SpikeSample> find_spikes(const std::string& path);

/// True for a file that may be a table of text: it begins as text, and is not named as HDF5 is.
bool is_spike_text(const std::string& path);

/// Samples of a file as streams on a grid of `time_step_ms`: all, or the one called `sample`. A
/// spike at time t acts in step floor(t / time_step_ms), whatever the order of the file. A sample
/// whose length the file does not say ends with the step of its last spike; `duration_ms` takes the
/// place of either.
/// Throws Error{data} naming file, place and value for a file without spikes, arrays of different
/// length and an unknown length; next() does so for times that are negative, not finite or past the
/// end, and for units not below `n_units`. Throws Error{invalid} for a `sample` that is not there.
std::vector<SampleInput> open_spike_file(const std::string& path, std::int64_t n_units,
                                         double time_step_ms,
                                         std::optional<double> duration_ms = {},
                                         const std::string& sample = "");

/// A stream of one sample.
SampleInput open_spikes(SpikeSample sample, std::int64_t n_units, double time_step_ms,
                        std::optional<double> duration_ms = {});

}  // namespace elm

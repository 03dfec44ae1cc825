#pragma once

#include <string>
#include <vector>

#include "tasks/data/spikes/spike_listing.h"
#include "tasks/inspection/findings.h"

namespace elm {

/// Counts, times and rates of the samples of a file of spikes, and a raster of the first.
/// `tick` is called between blocks of spikes and may throw.
Findings inspect_spikes(const std::string& path, std::vector<SpikeSample> samples, void (*tick)());

}  // namespace elm

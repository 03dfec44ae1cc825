#pragma once

#include <string>
#include <vector>

#include "tasks/data/spike_listing.h"
#include "tasks/program/inspect_findings.h"

namespace elm {

/// Counts, times and rates of the samples of a file of spikes, and a raster of the first.
Findings inspect_spikes(const std::string& path, std::vector<SpikeSample> samples);

}  // namespace elm

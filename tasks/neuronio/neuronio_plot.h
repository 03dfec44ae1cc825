#pragma once

#include <cstdint>
#include <string>

#include "tasks/neuronio/neuronio_statistics.h"
#include "tasks/report/plot.h"

namespace elm {

/// The first simulations of a file: input raster, soma and nexus voltage with output spikes, each;
/// below them the output rates of all simulations. The title says the figures that tell whether the
/// data are right.
Figure neuronio_figure(const std::string& path, const NeuronIoStatistics& statistics,
                       std::int64_t shown = 2);

}  // namespace elm

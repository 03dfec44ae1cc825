#pragma once

#include "tasks/networks/run_network.h"
#include "tasks/report/plot.h"

namespace elm {

/// A raster of some neurons of each population over the last second or less, and below it the rates
/// of the populations.
Figure network_figure(const NetworkPlan& plan, const NetworkResult& result);

}  // namespace elm

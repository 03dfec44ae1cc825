#pragma once

#include <vector>

#include "kernels/core/simd/lanes.h"
#include "neuron/cable/solver/cable_plan.h"
#include "neuron/cable/solver/rate_rows.h"

namespace elm::cable {

/// Functions of a plan, each table::size floats behind the other.
struct RateTables {
    lanes::AlignedVector<float> values;
    /// First function of gate g of channel c (of all_channels()); the second follows: steady state,
    /// then 1 - exp(-dt / tau). -1 for channels that the plan does not use.
    std::vector<std::vector<int>> gates;
    int magnesium = -1;         // M(V)
    int calcium_reversal = -1;  // mV, of calcium
};

RateTables make_rate_tables(const CablePlan& plan);

}  // namespace elm::cable

#pragma once

#include "kernels/core/simd/many_lanes.h"

namespace elm {

/// Neighbouring neurons as the lanes of a vector: what the functions of neuron.h ask of Lanes.
template <class R>
using NeighbouringNeurons = ManyLanes<R>;

}  // namespace elm

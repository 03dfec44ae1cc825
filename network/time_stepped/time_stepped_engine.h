#pragma once

#include <memory>

#include "kernels/core/dtype.h"
#include "network/engine.h"

namespace elm::network {

/// Simulates on the grid of the description's time step. In each step: synaptic events that act
/// now are added, neurons are advanced and tested. A spike of the step that ends at t acts, after
/// a delay of d steps, at the end of the step that ends at t + d h; on the potential, for neurons
/// with synaptic currents or conductances, from the next step on.
///
/// `precision` f32 or f64, of states and weights. The network is cut into as many slices as there
/// are threads, if a step has work for them; results do not depend on that. The description is
/// checked first; it need not outlive the call.
std::unique_ptr<Engine> make_time_stepped_engine(NetworkDescription network, DType precision);

}  // namespace elm::network

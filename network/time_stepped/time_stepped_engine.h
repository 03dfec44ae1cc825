#pragma once

#include <memory>

#include "kernels/core/communicator.h"
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
///
/// `processes`, null for this one alone, must outlive the engine: each of them holds a share of the
/// neurons and all synapses onto it, and spikes are exchanged once per shortest delay. All make the
/// same calls, and each has all spikes and traces; weights of plastic synapses are there in one
/// process only.
std::unique_ptr<Engine> make_time_stepped_engine(NetworkDescription network, DType precision,
                                                 Communicator* processes = nullptr);

}  // namespace elm::network

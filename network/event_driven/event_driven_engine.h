#pragma once

#include <memory>

#include "network/engine.h"

namespace elm::network {

/// Simulates without a grid: spikes at the exact times at which potentials cross their thresholds,
/// delays of any length from one step on. Neurons with closed forms alone: lif (delta synapses) and
/// lif_exponential. All in float64, on one thread.
///
/// Nothing that happens within a step of the description can act before its end, since no delay is
/// shorter; so in each step every neuron takes the events that arrive in it, in order of time, then
/// source, then synapse, by itself. The work follows the events.
///
/// Throws Error{unsupported} for other neurons, and for what only a grid has: step currents and
/// traces.
std::unique_ptr<Engine> make_event_driven_engine(NetworkDescription network);

}  // namespace elm::network

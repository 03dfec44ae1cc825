#pragma once

#include <memory>

#include "network/engine.h"

namespace elm::network {

/// Simulates without a grid: spikes at the exact times at which potentials cross their thresholds,
/// delays of any length from one step on. Neurons with closed forms, lif (delta synapses),
/// lif_exponential and lif_alpha, and ELM neurons, which are advanced as their inputs come
/// (event_elm.h). All in float64, on one thread.
///
/// Nothing that happens within a step of the description can act before its end, since no delay is
/// shorter; so in each step every neuron takes the events that arrive in it, in order of time, then
/// source, then synapse, by itself. The work follows the events.
///
/// Throws Error{memory} before anything is taken if the synapses need more than is free,
/// Error{unsupported} for other neurons, and for what only a grid has: step currents and
/// traces.
std::unique_ptr<Engine> make_event_driven_engine(NetworkDescription network);

}  // namespace elm::network

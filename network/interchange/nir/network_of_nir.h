#pragma once

#include "network/description/network_description.h"
#include "network/interchange/nir/nir_graph.h"

namespace elm::network {

/// The network of a graph of LIF and CubaLIF nodes with linear nodes, without biases, and Delays
/// between them. nir_neurons.h says how neurons correspond. An Input becomes a source of spikes.
/// Throws Error{data} with the place of a node that no network has, and of signals that act in the
/// step in which they are sent, where synapses take one at least; Error{invalid} as check() does.
NetworkDescription network_of(const NirGraph& graph, double time_step_ms);

}  // namespace elm::network

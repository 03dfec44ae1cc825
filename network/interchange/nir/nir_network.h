#pragma once

#include "network/description/network_description.h"
#include "network/interchange/nir/nir_graph.h"

/// From a description of a network to a NIR graph and back. nir_neurons.h says which neurons both
/// have and how they correspond.
namespace elm::network {

/// The graph of a network. A population is a node of its name with an Output NAME.output; a source
/// of spikes is an Input, whose spikes are no part of a graph. The synapses of a connection of one
/// delay are a Delay and a Linear, all that is random drawn.
/// Throws Error{invalid} with the place of what NIR has no word for, and of populations with the
/// name of a node that the graph has besides.
NirGraph nir_of(const NetworkDescription& network);

/// The network of a graph of LIF and CubaLIF nodes with linear nodes, without biases, and Delays
/// between them. An Input becomes a source of spikes.
/// Throws Error{data} with the place of a node that no network has, and of signals that act in the
/// step in which they are sent, where synapses take one at least; Error{invalid} as check() does.
NetworkDescription network_of(const NirGraph& graph, double time_step_ms);

}  // namespace elm::network

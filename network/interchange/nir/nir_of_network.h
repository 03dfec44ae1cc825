#pragma once

#include "network/description/network_description.h"
#include "network/interchange/nir/nir_graph.h"

namespace elm::network {

/// The graph of a network. nir_neurons.h says which neurons both have and how they correspond. A
/// population is a node of its name with an Output NAME.output; a source of spikes is an Input,
/// whose spikes are no part of a graph. The synapses of a connection of one delay are a Delay and a
/// Linear, all that is random drawn.
/// Throws Error{invalid} with the place of what NIR has no word for, and of populations with the
/// name of a node that the graph has besides.
NirGraph nir_of(const NetworkDescription& network);

}  // namespace elm::network

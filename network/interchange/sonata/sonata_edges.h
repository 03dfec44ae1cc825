#pragma once

#include <vector>

#include "network/description/network_description.h"
#include "network/interchange/sonata/sonata_config.h"

namespace elm::network {

/// The edge populations of a file as connections of the rule "list". syn_weight, delay and nsyns
/// (synapses of an edge, as factor of its weight) stand in the group of an edge, else in the table
/// of types. `weight_per`: of their unit of weights in ours, by population.
/// Throws Error{data} with the place of what is missing, of another length or type, and of ids
/// that are no node; for synapses that are not static.
std::vector<Connection> read_sonata_edges(const SonataFiles& files,
                                          const NetworkDescription& network,
                                          const std::vector<double>& weight_per);

}  // namespace elm::network

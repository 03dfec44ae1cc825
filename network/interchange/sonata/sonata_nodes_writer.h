#pragma once

#include <map>
#include <string>

#include "kernels/io/output_file.h"
#include "network/description/network_description.h"
#include "network/interchange/sonata/sonata_neurons.h"

namespace elm::network {

/// The word that a file has for the neurons of a population: NEST's, where it can say all that the
/// description says.
SonataNeuron sonata_neuron_for(const NetworkDescription& network, std::size_t population);

/// Writes a population, the caller commits the output. Returns the parameters that all nodes share,
/// by their names in the file; the others stand in it.
std::map<std::string, double> write_sonata_nodes(const OutputFile& output,
                                                 const NetworkDescription& network,
                                                 std::size_t population);

}  // namespace elm::network

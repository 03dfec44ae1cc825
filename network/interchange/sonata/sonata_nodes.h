#pragma once

#include <string>
#include <vector>

#include "network/description/network_description.h"
#include "network/interchange/sonata/sonata_config.h"

namespace elm {
class Hdf5File;
}

namespace elm::network {

/// A population of a SONATA file as we have it.
struct SonataPopulation {
    Population population;
    double weight_per = 1;  // of their unit of weights in ours
};

/// True if the file says that it is one of SONATA.
bool is_sonata(const Hdf5File& file);
/// Throws Error{data} unless it does.
void require_sonata(const Hdf5File& file);

/// The populations of a nodes file. Virtual ones become sources of spikes; neurons are those of
/// sonata_neurons.h, all of one model in a population. Parameters stand in the group of a node
/// (dynamics_params), else in the JSON file that its type names, else they are those of the model.
/// Throws Error{data} with the place of what is missing, of another length or type, not finite or
/// not known.
std::vector<SonataPopulation> read_sonata_nodes(const SonataFiles& files,
                                                const std::string& neuron_models);

}  // namespace elm::network

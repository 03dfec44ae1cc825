#pragma once

#include <string>

#include "network/description/network_description.h"

namespace elm::network {

/// Writes a network as a folder of SONATA files: circuit_config.json, simulation_config.json,
/// network/ with nodes and edges (all that is random drawn, both indices), point_neuron_models/,
/// and inputs/ with the spikes of sources. Neurons have NEST's names and units where NEST has them,
/// else they are elmsim:NAME; Poisson sources are virtual nodes of the template elmsim:poisson.
/// Throws Error{invalid} with the place of what SONATA has no word for: Poisson and current inputs,
/// plasticity; Error{exists} if a file is there and `force` is false.
void write_sonata(const std::string& folder, const NetworkDescription& network, bool force);

}  // namespace elm::network

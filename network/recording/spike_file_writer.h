#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kernels/io/output_file.h"
#include "network/description/network_description.h"
#include "network/engine.h"

namespace elm::network {

/// Weights of the plastic connections, by their numbers.
using PlasticWeights = std::vector<std::pair<std::size_t, std::vector<SynapseWeight>>>;

/// As they are now. A call for all processes of the run, all of which get them.
PlasticWeights plastic_weights(const NetworkDescription& network, Engine& engine);

/// Writes spikes in the layout of SONATA: /spikes/POPULATION/timestamps (ms) and node_ids, sorted
/// by time; traces as /traces/POPULATION/STATE (steps, neurons) with the numbers of the neurons
/// beside them; `weights` as /weights/NUMBER/source, target, weight; `config`,
/// a text, as /config. The caller commits the output.
/// Source: Dai et al. 2020, doi:10.1371/journal.pcbi.1007696.
void write_spike_file(const OutputFile& output, const NetworkDescription& network,
                      const Engine& engine, const PlasticWeights& weights, double duration_ms,
                      const std::string& config);

}  // namespace elm::network

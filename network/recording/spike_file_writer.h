#pragma once

#include <string>

#include "kernels/io/output_file.h"
#include "network/description/network_description.h"
#include "network/engine.h"

namespace elm::network {

/// Writes spikes in the layout of SONATA: /spikes/POPULATION/timestamps (ms) and node_ids, sorted
/// by time; traces as /traces/POPULATION/STATE (steps, neurons) with the numbers of the neurons
/// beside them; weights of plastic connections as /weights/NUMBER/source, target, weight; `config`,
/// a text, as /config. The caller commits the output.
/// Source: Dai et al. 2020, doi:10.1371/journal.pcbi.1007696.
void write_spike_file(const OutputFile& output, const NetworkDescription& network, Engine& engine,
                      double duration_ms, const std::string& config);

}  // namespace elm::network

#pragma once

#include <string>

#include "kernels/io/output_file.h"
#include "network/description/network_description.h"

namespace elm::network {

/// Writes the synapses that a connection draws as the edge population NAME, with an index by either
/// end. The caller commits the output.
void write_sonata_edges(const OutputFile& output, const std::string& name,
                        const NetworkDescription& network, std::size_t connection,
                        double weight_per);

}  // namespace elm::network

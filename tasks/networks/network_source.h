#pragma once

#include <string>
#include <variant>

#include "network/description/network_description.h"
#include "network/interchange/nir/nir_graph.h"

namespace elm {

/// What the file of a network holds: a network, described in TOML or by SONATA's JSON files with
/// the spikes that these name; or a NIR graph. `input`: spikes for the sources of a network, empty:
/// none. Throws as the readers do, and Error{data} for a file of another kind.
using NetworkSource = std::variant<network::NetworkDescription, network::NirGraph>;
NetworkSource load_network_source(const std::string& path, const std::string& input);

}  // namespace elm

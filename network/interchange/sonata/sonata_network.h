#pragma once

#include <string>
#include <vector>

#include "network/description/network_description.h"
#include "network/interchange/sonata/sonata_config.h"

namespace elm::network {

/// A SONATA network as we have it, and the spikes that its sources are to get, which are in files
/// of their own.
struct SonataNetwork {
    NetworkDescription network;
    std::vector<SonataSpikeInput> inputs;
};

/// Reads a network from its configuration. Steps of 0.1 ms and a duration of 1 s where it says
/// none. Throws Error{data} with file and place of what cannot be read, and Error{invalid} as
/// check() does for what cannot be.
SonataNetwork load_sonata(const std::string& path);

}  // namespace elm::network

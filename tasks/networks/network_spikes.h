#pragma once

#include <optional>
#include <string>
#include <vector>

#include "network/description/network_description.h"

namespace elm {

/// Something that takes spikes from outside: a population, or the Input of a graph.
struct SpikeTaker {
    std::string name;
    std::int64_t size = 0;
};

/// How messages call what takes spikes.
struct TakerWords {
    std::string whole = "the network", part = "population";
};

/// Spikes for one of them, in the order of the file.
struct TakenSpikes {
    std::string name;
    std::vector<double> times_ms = {};
    std::vector<std::int64_t> units = {};
    std::optional<double> duration_ms = {};  // as the file says it
};

/// Spikes of a file (see find_spikes) for those that it names; a file and a network that have one
/// of each go together whatever their names. Throws Error{data} with the place of units and times
/// out of range and with both lists of names where none is the same, and Error{invalid} where there
/// are no takers.
std::vector<TakenSpikes> take_spikes(const std::string& path, const std::vector<SpikeTaker>& takers,
                                     const TakerWords& words = {});

/// Gives spikes of a file to the sources of a network (of the neuron "spikes"): to `population`,
/// beside those that it has, or, where that is empty, to those that the file names in place of
/// theirs.
void give_spikes(network::NetworkDescription& network, const std::string& path,
                 const std::string& population = "");

}  // namespace elm

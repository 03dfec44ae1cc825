#include "network/interchange/sonata/sonata_network.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/one_line.h"
#include "network/interchange/sonata/sonata_edges.h"
#include "network/interchange/sonata/sonata_nodes.h"

namespace elm::network {
namespace {

/// The folder of the network, which is what it is about.
std::string name_of(const std::string& path) {
    const auto folder = std::filesystem::absolute(path).lexically_normal().parent_path();
    return folder.filename().empty() ? "network" : folder.filename().string();
}

void add_population(SonataPopulation read, NetworkDescription& network,
                    std::vector<double>& weight_per) {
    for (const Population& other : network.populations) {
        if (other.name != read.population.name) continue;
        throw Error(ErrorKind::data, fmt::format("{}: the population {} is in {} too.",
                                                 read.population.place, other.name, other.place));
    }
    network.populations.push_back(std::move(read.population));
    weight_per.push_back(read.weight_per);
}

SonataNetwork read(const std::string& path) {
    SonataConfig config = load_sonata_config(path);
    SonataNetwork result;
    NetworkDescription& network = result.network;
    network.name = name_of(path);
    if (config.time_step_ms) network.time_step_ms = *config.time_step_ms;
    if (config.duration_ms) network.duration_ms = *config.duration_ms;
    std::vector<double> weight_per;
    for (const SonataFiles& files : config.nodes) {
        for (SonataPopulation& population : read_sonata_nodes(files, config.neuron_models)) {
            add_population(std::move(population), network, weight_per);
        }
    }
    for (const SonataFiles& files : config.edges) {
        for (Connection& connection : read_sonata_edges(files, network, weight_per)) {
            network.connections.push_back(std::move(connection));
        }
    }
    check(network);
    result.inputs = std::move(config.inputs);
    return result;
}

}  // namespace

SonataNetwork load_sonata(const std::string& path) {
    try {
        return read(path);
    } catch (const Error& error) {
        // Names may hold any letter, messages are one line.
        throw Error(error.kind(), one_line(error.message()), error.site());
    }
}

}  // namespace elm::network

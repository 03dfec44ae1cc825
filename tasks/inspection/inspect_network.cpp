// Networks: NIR graphs and recordings, parts of SONATA networks, descriptions.

#include "tasks/inspection/inspect_network.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "kernels/io/config_tree.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/toml_config.h"
#include "network/description/network_file.h"
#include "network/interchange/nir/nir_file.h"
#include "network/interchange/nir/nir_recording.h"
#include "network/interchange/nir/nir_shapes.h"
#include "network/interchange/sonata/sonata_network.h"
#include "network/interchange/sonata/sonata_nodes.h"
#include "tasks/report/table.h"

namespace elm {
namespace {

void add_table(Findings& findings, const std::string& name, const Table& table) {
    findings.tables = "\n" + table.to_text();
    findings.lists.emplace_back(name, table.to_records());
}

Findings inspect_graph(const Hdf5File& file) {
    const network::NirGraph graph = network::read_nir(file);
    const network::NirShapes shapes = network::shapes_of(graph);
    std::map<std::string, std::int64_t> types;
    std::int64_t neurons = 0;
    Table table({"node", "type", "input", "output"});
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        const network::NirNode& node = graph.nodes[i];
        if (node.type().is_neuron) neurons += network::elements_of(shapes.out[i]);
        table.add({node.name, node.type().name, fmt::format("{}", fmt::join(shapes.in[i], " x ")),
                   fmt::format("{}", fmt::join(shapes.out[i], " x "))});
    }
    Findings findings{"NIR graph",
                      {{"nodes", std::ssize(graph.nodes)},
                       {"edges", std::ssize(graph.edges)},
                       {"neurons", neurons}}};
    if (file.is_dataset("/version")) {
        findings.facts.emplace_back("version", file.read_string("/version"));
    }
    add_table(findings, "nodes", table);
    return findings;
}

Findings inspect_recording(const Hdf5File& file) {
    const auto recording = network::read_nir_recording(file);
    Findings findings{"NIR recording", {{"observables", std::ssize(recording)}}};
    Table table({"node", "observable", "samples", "steps", "elements", "step (ms)", "mean"});
    for (const network::NirObservable& one : recording) {
        double sum = 0, count = 0;
        for (const network::NirSignal& signal : one.samples) {
            for (const double value : signal.values) sum += value;
            count += static_cast<double>(signal.values.size());
        }
        table.add(
            {one.node, one.name, fmt::format("{}", one.samples.size()),
             fmt::format("{}", one.samples[0].n_steps), fmt::format("{}", one.samples[0].size),
             fmt::format("{:g}", one.time_step_s * 1000), fmt::format("{:.4g}", sum / count)});
    }
    add_table(findings, "observables", table);
    return findings;
}

std::int64_t length_of(const Hdf5File& file, const std::string& dataset) {
    const auto shape = file.shape(dataset);
    return shape.empty() ? 1 : shape[0];
}

Findings inspect_nodes(const Hdf5File& file) {
    Findings findings{"nodes of a SONATA network", {}};
    for (const std::string& name : file.links("/nodes")) {
        findings.facts.emplace_back(name + ", nodes",
                                    length_of(file, "/nodes/" + name + "/node_type_id"));
    }
    return findings;
}

Findings inspect_edges(const Hdf5File& file) {
    Findings findings{"edges of a SONATA network", {}};
    for (const std::string& name : file.links("/edges")) {
        const std::string group = "/edges/" + name;
        findings.facts.emplace_back(name + ", edges", length_of(file, group + "/source_node_id"));
        for (const char* const end : {"source", "target"}) {
            const Values attributes =
                file.attributes(group + "/" + end + "_node_id", {"node_population"});
            const auto population = attributes.find("node_population");
            if (population == attributes.end()) continue;
            findings.facts.emplace_back(fmt::format("{}, {}", name, end),
                                        to_text(population->second));
        }
    }
    return findings;
}

/// Populations and synapses of a network.
Findings describe(const network::NetworkDescription& network, const std::string& kind) {
    double synapses = 0;
    for (const network::Connection& connection : network.connections) {
        synapses += network::expected_synapses(network, connection);
    }
    Findings findings{kind,
                      {{"neurons", network.n_neurons()},
                       {"synapses", static_cast<std::int64_t>(synapses)},
                       {"time_step_ms", network.time_step_ms},
                       {"duration_ms", network.duration_ms}}};
    Table table({"population", "neurons", "model"});
    for (const network::Population& population : network.populations) {
        table.add({population.name, fmt::format("{}", population.size), population.model});
    }
    add_table(findings, "populations", table);
    return findings;
}

}  // namespace

bool is_network_part(const Hdf5File& file) {
    if (network::is_nir(file) || network::is_nir_recording(file)) return true;
    return network::is_sonata(file) && (file.is_group("/nodes") || file.is_group("/edges"));
}

Findings inspect_network_part(const Hdf5File& file) {
    if (network::is_nir(file)) return inspect_graph(file);
    if (network::is_nir_recording(file)) return inspect_recording(file);
    return file.is_group("/nodes") ? inspect_nodes(file) : inspect_edges(file);
}

bool is_sonata_configuration(const std::string& path) {
    return path.ends_with(".json") && network::is_sonata_config(path);
}

Findings inspect_sonata(const std::string& path) {
    return describe(network::load_sonata(path).network, "SONATA network");
}

bool is_network_description(const std::string& path) {
    return path.ends_with(".toml") && ConfigTree::load(path).has("population");
}

Findings inspect_network_description(const std::string& path) {
    return describe(network::load_network(path), "network");
}

}  // namespace elm

#include "network/interchange/sonata/sonata_edges_writer.h"

#include <utility>
#include <vector>

#include "kernels/io/hdf5_file.h"
#include "network/connectivity/projection.h"
#include "network/interchange/sonata/sonata_neurons.h"
#include "network/recording/spike_group.h"

namespace elm::network {
namespace {

struct Edges {
    std::vector<std::int64_t> sources, targets;
    std::vector<double> weights, delays;
};

Edges draw_edges(const NetworkDescription& network, std::size_t index, double weight_per) {
    const Projection projection(network, index);
    const Connection& connection = projection.connection();
    const Draw weight(connection.weight), delay(connection.delay_ms);
    Edges edges;
    projection.for_each_synapse(0, projection.n_targets(), [&](const DrawnSynapse& drawn) {
        edges.sources.push_back(drawn.source);
        edges.targets.push_back(drawn.target);
        edges.weights.push_back(in_their_unit(weight(drawn.weight_word, drawn.index), weight_per));
        edges.delays.push_back(delay(drawn.delay_word, drawn.index));
    });
    return edges;
}

/// The edges of each node as ranges of neighbours.
void write_index(Hdf5File& file, const std::string& group, const std::vector<std::int64_t>& ids,
                 std::int64_t n_nodes) {
    std::vector<std::vector<std::pair<std::int64_t, std::int64_t>>> ranges(
        static_cast<std::size_t>(n_nodes));
    for (std::int64_t edge = 0; edge < std::ssize(ids); ++edge) {
        auto& own = ranges[static_cast<std::size_t>(ids[static_cast<std::size_t>(edge)])];
        if (!own.empty() && own.back().second == edge) {
            ++own.back().second;
        } else {
            own.emplace_back(edge, edge + 1);
        }
    }
    std::vector<std::int64_t> of_nodes, of_ranges;
    for (const auto& own : ranges) {
        const std::int64_t begin = std::ssize(of_ranges) / 2;
        for (const auto& range : own) {
            of_ranges.push_back(range.first);
            of_ranges.push_back(range.second);
        }
        // A node without edges has the empty range.
        of_nodes.push_back(begin);
        of_nodes.push_back(std::ssize(of_ranges) / 2);
    }
    file.write<std::int64_t>(group + "/node_id_to_ranges", {n_nodes, 2}, of_nodes, FileType::i64);
    file.write<std::int64_t>(group + "/range_to_edge_id", {std::ssize(of_ranges) / 2, 2}, of_ranges,
                             FileType::i64);
}

}  // namespace

void write_sonata_edges(const OutputFile& output, const std::string& name,
                        const NetworkDescription& network, std::size_t connection,
                        double weight_per) {
    const Edges edges = draw_edges(network, connection, weight_per);
    const Population& from = network.populations[network.connections[connection].from];
    const Population& to = network.populations[network.connections[connection].to];
    Hdf5File file = Hdf5File::create(output.temporary_path());
    mark_as_sonata(file);
    const std::string group = "/edges/" + name;
    const std::int64_t count = std::ssize(edges.sources);
    const auto write_ids = [&](const std::string& dataset, const std::vector<std::int64_t>& ids) {
        file.write<std::int64_t>(group + "/" + dataset, {count}, ids, FileType::u64);
    };
    write_ids("source_node_id", edges.sources);
    file.set_attribute(group + "/source_node_id", "node_population", from.name);
    write_ids("target_node_id", edges.targets);
    file.set_attribute(group + "/target_node_id", "node_population", to.name);
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(count), 0);
    write_ids("edge_type_id", numbers);
    write_ids("edge_group_id", numbers);
    for (std::int64_t i = 0; i < count; ++i) numbers[static_cast<std::size_t>(i)] = i;
    write_ids("edge_group_index", numbers);
    file.write<double>(group + "/0/syn_weight", {count}, edges.weights, FileType::f64);
    file.write<double>(group + "/0/delay", {count}, edges.delays, FileType::f64);
    write_index(file, group + "/indices/source_to_target", edges.sources, from.size);
    write_index(file, group + "/indices/target_to_source", edges.targets, to.size);
    file.close();
}

}  // namespace elm::network

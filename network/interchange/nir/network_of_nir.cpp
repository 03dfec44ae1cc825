#include "network/interchange/nir/network_of_nir.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "network/interchange/nir/nir_connections.h"
#include "network/interchange/nir/nir_neurons.h"
#include "network/interchange/nir/nir_order.h"

namespace elm::network {
namespace {

constexpr double most_synapses = 268435456;  // 2^28, as a linear node has at most

/// What an element of a node has of an element of the node where the way began.
struct Share {
    std::int64_t source, element;
    std::int64_t steps;
    double weight;
};

/// Sorted, those with the same ends and steps as one.
std::vector<Share> added_up(std::vector<Share> shares) {
    const auto key = [](const Share& share) {
        return std::tie(share.source, share.element, share.steps);
    };
    const auto is_before = [&](const Share& a, const Share& b) { return key(a) < key(b); };
    if (!std::is_sorted(shares.begin(), shares.end(), is_before)) {
        std::stable_sort(shares.begin(), shares.end(), is_before);
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) {
        if (kept > 0 && key(shares[kept - 1]) == key(shares[i])) {
            shares[kept - 1].weight += shares[i].weight;
        } else {
            shares[kept++] = shares[i];
        }
    }
    shares.erase(shares.begin() + static_cast<std::ptrdiff_t>(kept), shares.end());
    return shares;
}

class NetworkMaker {
public:
    NetworkMaker(const NirGraph& graph, double time_step_ms)
        : graph_(without_closed_cycles(graph, time_step_ms / 1000)),
          shapes_(shapes_of(graph_)),
          time_step_ms_(time_step_ms) {
        network_.name = std::filesystem::path(graph.origin).stem().string();
        network_.time_step_ms = time_step_ms;
    }

    NetworkDescription make() {
        populations_.resize(graph_.nodes.size(), none);
        weight_units_.resize(graph_.nodes.size());
        for (std::size_t i = 0; i < graph_.nodes.size(); ++i) add_population(i);
        set_order();
        for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
            if (populations_[i] != none) add_connections(i);
        }
        check(network_);
        return std::move(network_);
    }

private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    void add_population(std::size_t i) {
        const NirNode& node = graph_.nodes[i];
        const std::int64_t size = elements_of(shapes_.out[i]);
        if (node.kind == NirKind::input) {
            network_.populations.push_back(
                {.name = node.name, .size = size, .model = "spikes", .place = node.place});
        } else if (node.type().is_neuron) {
            NeuronsOfNir neurons = neurons_of_nir(node, size, time_step_ms_);
            network_.populations.push_back(std::move(neurons.population));
            weight_units_[i] = std::move(neurons.weight_units);
        } else {
            return;
        }
        populations_[i] = network_.populations.size() - 1;
    }

    /// True for nodes on the way from a population to another.
    bool hands_on(std::size_t i) const {
        return populations_[i] == none && graph_.nodes[i].kind != NirKind::output;
    }

    /// Nodes on the way, each after those that lead to it; without those in cycles and behind them.
    void set_order() {
        edges_out_.resize(graph_.nodes.size());
        std::vector<std::size_t> missing(graph_.nodes.size(), 0);
        for (const NirEdge& edge : graph_.edges) {
            edges_out_[edge.from].push_back(edge.to);
            if (hands_on(edge.from)) ++missing[edge.to];
        }
        for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
            if (hands_on(i) && missing[i] == 0) order_.push_back(i);
        }
        for (std::size_t at = 0; at < order_.size(); ++at) {
            for (const std::size_t to : edges_out_[order_[at]]) {
                if (--missing[to] == 0 && hands_on(to)) order_.push_back(to);
            }
        }
    }

    /// From one population: what it gives goes through the nodes behind it, up to neurons.
    void add_connections(std::size_t from) {
        std::vector<Share> own;
        for (std::int64_t k = 0; k < elements_of(shapes_.out[from]); ++k) {
            own.push_back({k, k, 0, 1});
        }
        arriving_.clear();
        n_arriving_ = 0;
        hand_on(from, own);
        for (const std::size_t node : order_) {
            const auto found = arriving_.find(node);
            if (found == arriving_.end()) continue;
            std::vector<Share> shares = added_up(std::move(found->second));
            arriving_.erase(found);
            hand_on(node, added_up(passed(node, std::move(shares))));
        }
        for (auto& [to, shares] : arriving_) {
            if (hands_on(to)) {
                fail_nir(graph_.nodes[to].place,
                         "stands in a cycle without a neuron, or behind one.");
            }
            add_connection(from, to, std::move(shares));
        }
    }

    void hand_on(std::size_t from, const std::vector<Share>& shares) {
        for (const std::size_t to : edges_out_[from]) {
            const NirNode& node = graph_.nodes[to];
            if (node.kind == NirKind::output) {
                require_neurons(from, node);
                continue;
            }
            n_arriving_ += static_cast<double>(shares.size());
            if (n_arriving_ > most_synapses) {
                fail_nir(node.place, fmt::format("and what leads to it is more than {} synapses.",
                                                 most_synapses));
            }
            std::vector<Share>& all = arriving_[to];
            all.insert(all.end(), shares.begin(), shares.end());
        }
    }

    void require_neurons(std::size_t from, const NirNode& output) const {
        if (graph_.nodes[from].type().is_neuron) return;
        fail_nir(output.place, fmt::format("shows the signal of {}, and a network has spikes of "
                                           "neurons alone.",
                                           graph_.nodes[from].name));
    }

    /// What comes out of a linear node.
    std::vector<Share> passed(std::size_t index, std::vector<Share> shares) const {
        const NirNode& node = graph_.nodes[index];
        const auto value = [&](const NirArray& array, std::int64_t element) {
            return array.values[array.values.size() == 1 ? 0 : static_cast<std::size_t>(element)];
        };
        if (has_connections(node.kind)) return connected(index, shares);
        if (node.kind == NirKind::scale) {
            for (Share& share : shares) share.weight *= value(node.array("scale"), share.element);
        } else if (node.kind == NirKind::delay) {
            const std::vector<std::int64_t> steps = delay_steps(node, time_step_ms_ / 1000);
            for (Share& share : shares) {
                share.steps +=
                    steps[steps.size() == 1 ? 0 : static_cast<std::size_t>(share.element)];
            }
        } else if (node.kind != NirKind::flatten && node.kind != NirKind::port) {
            fail_nir(node.place,
                     fmt::format("is of the type {}, which no synapse is.", node.type().name));
        }
        return shares;
    }

    std::vector<Share> connected(std::size_t index, const std::vector<Share>& shares) const {
        const NirNode& node = graph_.nodes[index];
        const NirConnections map = connections_of(node, shapes_.in[index], shapes_.out[index]);
        for (const double bias : map.bias) {
            if (bias == 0) continue;
            fail_nir(node.place, "has a bias, which no synapse has.");
        }
        std::vector<Share> result;
        for (const Share& share : shares) {
            const std::int64_t begin = map.begins[static_cast<std::size_t>(share.element)];
            const std::int64_t end = map.begins[static_cast<std::size_t>(share.element) + 1];
            for (std::int64_t k = begin; k < end; ++k) {
                const auto at = static_cast<std::size_t>(k);
                const std::int64_t target = map.targets.empty() ? k - begin : map.targets[at];
                const double weight = share.weight * map.weights[at];
                if (weight != 0) result.push_back({share.source, target, share.steps, weight});
            }
            if (static_cast<double>(result.size()) <= most_synapses) continue;
            fail_nir(node.place, fmt::format("is more than {} synapses.", most_synapses));
        }
        return result;
    }

    void add_connection(std::size_t from, std::size_t to, std::vector<Share> shares) {
        const NirNode& node = graph_.nodes[to];
        const Population& target = network_.populations[populations_[to]];
        shares = added_up(std::move(shares));
        Connection connection{.from = populations_[from],
                              .to = populations_[to],
                              .rule = ConnectionRule::list,
                              .place = node.place};
        std::vector<double> weights, delays;
        const std::int64_t extra = nir_extra_steps(target.model);
        for (const Share& share : shares) {
            if (share.steps - extra < 1) {
                fail_nir(
                    node.place,
                    fmt::format("what {} sends takes {} steps, and a synapse onto {} takes {} "
                                "at least. It runs as the graph that it is.",
                                graph_.nodes[from].name, share.steps, target.model, 1 + extra));
            }
            connection.sources.push_back(share.source);
            connection.targets.push_back(share.element);
            weights.push_back(share.weight *
                              weight_units_[to][static_cast<std::size_t>(share.element)]);
            delays.push_back(static_cast<double>(share.steps - extra) * time_step_ms_);
        }
        connection.weight = Distribution::list(std::move(weights));
        connection.delay_ms = Distribution::list(std::move(delays));
        network_.connections.push_back(std::move(connection));
    }

    NirGraph graph_;
    NirShapes shapes_;
    double time_step_ms_;
    NetworkDescription network_;
    std::vector<std::size_t> populations_;                // of nodes
    std::vector<std::vector<double>> weight_units_;       // of nodes
    std::vector<std::vector<std::size_t>> edges_out_;     // where they lead, by node
    std::vector<std::size_t> order_;                      // of nodes on the way
    std::map<std::size_t, std::vector<Share>> arriving_;  // at nodes, from one population
    double n_arriving_ = 0;
};

}  // namespace

NetworkDescription network_of(const NirGraph& graph, double time_step_ms) {
    return NetworkMaker(graph, time_step_ms).make();
}

}  // namespace elm::network

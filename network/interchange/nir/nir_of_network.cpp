#include "network/interchange/nir/nir_of_network.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "network/connectivity/delay_steps.h"
#include "network/connectivity/projection.h"
#include "network/interchange/nir/nir_neurons.h"

namespace elm::network {
namespace {

constexpr double most_weights = 268435456;  // 2^28: full matrices, 2 GB

void require_words(const NetworkDescription& network) {
    const auto refuse = [](const std::string& place, const std::string& what) {
        ELM_CHECK(false, "{}{}NIR has no word for {}.", place, place.empty() ? "" : ": ", what);
    };
    for (const PoissonInput& input : network.poisson) {
        refuse(input.place, "Poisson inputs: make them a population of the neuron poisson");
    }
    for (const CurrentInput& input : network.currents) {
        refuse(input.place, "currents from outside: constant_current of the neurons is one");
    }
    for (const Population& population : network.populations) {
        if (population.short_term) refuse(population.place, "depression and facilitation");
    }
    for (const Connection& connection : network.connections) {
        if (connection.stdp) refuse(connection.place, "plasticity by the times of spikes");
        if (connection.homeostasis) refuse(connection.place, "homeostasis");
        if (connection.input == "current") refuse(connection.place, "spikes onto that input");
    }
}

class GraphMaker {
public:
    explicit GraphMaker(const NetworkDescription& network) : network_(&network) {}

    NirGraph make() {
        for (const Population& population : network_->populations) {
            names_.emplace(population.name, &population);
        }
        for (std::size_t p = 0; p < network_->populations.size(); ++p) add_population(p);
        for (std::size_t c = 0; c < network_->connections.size(); ++c) add_connection(c);
        return std::move(graph_);
    }

private:
    std::size_t add(NirNode node) {
        graph_.nodes.push_back(std::move(node));
        return graph_.nodes.size() - 1;
    }

    /// A node that no population stands for.
    std::size_t add_made(NirNode node) {
        const auto taken = names_.find(node.name);
        if (taken != names_.end()) {
            const std::string& place = taken->second->place;
            ELM_CHECK(false,
                      "{}{}the graph has a node {} of its own: give the population another name.",
                      place, place.empty() ? "" : ": ", node.name);
        }
        return add(std::move(node));
    }

    void add_population(std::size_t p) {
        const Population& population = network_->populations[p];
        const NirArray shape{{1}, {static_cast<double>(population.size)}, false};
        if (population.is_source()) {
            places_.push_back(add(
                {.name = population.name, .kind = NirKind::input, .arrays = {{"shape", shape}}}));
            return;
        }
        places_.push_back(add(nir_neurons_of(*network_, p)));
        const std::size_t output = add_made({.name = population.name + ".output",
                                             .kind = NirKind::output,
                                             .arrays = {{"shape", shape}}});
        graph_.edges.push_back({places_.back(), output});
    }

    /// Matrices (targets, sources) by the delay in steps.
    std::map<std::int64_t, std::vector<double>> matrices_of(std::size_t index) {
        const Projection projection(*network_, index);
        const Connection& connection = projection.connection();
        const Draw weight(connection.weight), delay(connection.delay_ms);
        const std::int64_t extra = nir_extra_steps(network_->populations[connection.to].model);
        std::map<std::int64_t, std::vector<double>> matrices;
        const std::int64_t size = projection.n_targets() * projection.n_sources();
        projection.for_each_synapse(0, projection.n_targets(), [&](const DrawnSynapse& drawn) {
            const std::int64_t steps =
                delay_steps_of(delay(drawn.delay_word, drawn.index), network_->time_step_ms) +
                extra;
            std::vector<double>& matrix = matrices[steps];
            if (matrix.empty()) {
                n_weights_ += static_cast<double>(size);
                ELM_CHECK(n_weights_ <= most_weights,
                          "NIR has full matrices, one for each delay, and this network needs more "
                          "than {} weights. Take fewer neurons, or fewer delays.",
                          most_weights);
                matrix.resize(static_cast<std::size_t>(size));
            }
            matrix[static_cast<std::size_t>(drawn.target * projection.n_sources() +
                                            drawn.source)] +=
                weight(drawn.weight_word, drawn.index);
        });
        return matrices;
    }

    void add_connection(std::size_t index) {
        const Connection& connection = network_->connections[index];
        const std::int64_t sources = network_->populations[connection.from].size;
        const std::int64_t targets = network_->populations[connection.to].size;
        for (auto& [steps, matrix] : matrices_of(index)) {
            const std::string name = fmt::format("connection{:04}.{:05}", index, steps);
            const double delay_s = static_cast<double>(steps) * network_->time_step_ms / 1000;
            const std::size_t delay = add_made(
                {.name = name + ".delay",
                 .kind = NirKind::delay,
                 .arrays = {{"delay",
                             {{sources},
                              std::vector<double>(static_cast<std::size_t>(sources), delay_s),
                              false}}}});
            const std::size_t linear =
                add_made({.name = name + ".weight",
                          .kind = NirKind::linear,
                          .arrays = {{"weight", {{targets, sources}, std::move(matrix), false}}}});
            graph_.edges.push_back({places_[connection.from], delay});
            graph_.edges.push_back({delay, linear});
            graph_.edges.push_back({linear, places_[connection.to]});
        }
    }

    const NetworkDescription* network_;
    NirGraph graph_;
    std::map<std::string, const Population*> names_;
    std::vector<std::size_t> places_;  // nodes of the populations
    double n_weights_ = 0;
};

}  // namespace

NirGraph nir_of(const NetworkDescription& network) {
    check(network);
    require_words(network);
    return GraphMaker(network).make();
}

}  // namespace elm::network

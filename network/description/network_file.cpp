#include "network/description/network_file.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/config_tree.h"
#include "kernels/io/one_line.h"
#include "kernels/io/toml_config.h"
#include "network/description/plasticity_tables.h"
#include "network/description/quantity.h"
#include "network/description/table_quantity.h"
#include "network/neurons/population_neuron.h"

namespace elm::network {
namespace {

std::int64_t whole(const ConfigTree& tree, const std::string& key) {
    const double value = tree.number(key);
    if (value != std::floor(value) || std::abs(value) > 9e15) {
        tree.fail(key, fmt::format("is {}, expected a whole number.", value));
    }
    return static_cast<std::int64_t>(value);
}

std::vector<std::int64_t> wholes(const ConfigTree& tree, const std::string& key) {
    std::vector<std::int64_t> values;
    for (const double value : tree.numbers(key)) {
        if (value != std::floor(value) || std::abs(value) > 9e15) {
            tree.fail(key,
                      fmt::format("item {} is {}, expected whole numbers.", values.size(), value));
        }
        values.push_back(static_cast<std::int64_t>(value));
    }
    return values;
}

std::pair<double, double> two_quantities(const ConfigTree& tree, const std::string& key,
                                         const std::string& unit) {
    std::vector<double> values;
    if (tree.is_list(key)) {
        // Numbers, or texts with units.
        try {
            values = tree.numbers(key);
        } catch (const Error&) {
            for (const std::string& text : tree.texts(key)) {
                try {
                    values.push_back(parse_quantity(text, unit));
                } catch (const Error& error) {
                    tree.fail(key, error.message());
                }
            }
        }
    }
    if (values.size() != 2) tree.fail(key, "expected a list of two numbers.");
    return {values[0], values[1]};
}

/// A number, a text with a unit, a list, or { uniform = [low, high] } or { normal = [mean, sd],
/// lowest = , highest = }.
Distribution distribution(const ConfigTree& tree, const std::string& key, const std::string& unit) {
    if (tree.is_list(key)) return Distribution::list(tree.numbers(key));
    if (!tree.is_table(key)) return Distribution::constant(quantity(tree, key, unit));
    const ConfigTree table = tree.table(key);
    table.require_known({"uniform", "normal", "lowest", "highest"});
    if (table.has("uniform") == table.has("normal")) {
        table.fail("", "expected either uniform = [low, high] or normal = [mean, deviation].");
    }
    if (table.has("uniform")) {
        const auto [low, high] = two_quantities(table, "uniform", unit);
        return Distribution::uniform(low, high);
    }
    const auto [mean, deviation] = two_quantities(table, "normal", unit);
    const Distribution whole_line;
    return Distribution::normal(mean, deviation,
                                quantity_or(table, "lowest", unit, whole_line.lowest),
                                quantity_or(table, "highest", unit, whole_line.highest));
}

std::vector<std::string> names_of(const NetworkDescription& network) {
    std::vector<std::string> names;
    for (const Population& population : network.populations) names.push_back(population.name);
    return names;
}

std::size_t population_called(const NetworkDescription& network, const ConfigTree& tree,
                              const std::string& key, const std::string& name) {
    const std::vector<std::string> names = names_of(network);
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
        tree.fail(key, fmt::format("there is no population {}.{} There are {}.", name,
                                   nearest_hint(name, names), fmt::join(names, ", ")));
    }
    return static_cast<std::size_t>(found - names.begin());
}

/// A name, or a list of names.
std::vector<std::size_t> populations_under(const NetworkDescription& network,
                                           const ConfigTree& tree, const std::string& key) {
    std::vector<std::size_t> found;
    const std::vector<std::string> names =
        tree.is_list(key) ? tree.texts(key) : std::vector<std::string>{tree.text(key)};
    for (const std::string& name : names) {
        found.push_back(population_called(network, tree, key, name));
    }
    return found;
}

void read_source(const ConfigTree& tree, Population& population) {
    if (population.model == "poisson") {
        tree.require_known({"size", "neuron", "rate_hz", "short_term"});
        population.rate_hz = quantity(tree, "rate_hz", "Hz");
        return;
    }
    tree.require_known({"size", "neuron", "spike_times_ms", "spike_neurons", "short_term"});
    population.spike_times = tree.numbers("spike_times_ms");
    population.spike_neurons = wholes(tree, "spike_neurons");
}

void read_elm(const ConfigTree& tree, const NetworkDescription& network, Population& population) {
    const std::string name = tree.text("model");
    try {
        population.elm = load_elm_node(name, tree.origin(), network.time_step_ms);
    } catch (const Error& error) {
        tree.fail("model", error.message());
    }
    population.elm->longest_gap_ms = quantity_or(tree, "longest_gap", "ms", 0);
    if (!tree.has("spikes")) return;
    const std::string spikes = tree.text("spikes");
    if (spikes != "drawn" && spikes != "threshold") {
        tree.fail("spikes", fmt::format("{}, expected \"drawn\" or \"threshold\".", spikes));
    }
    population.elm->draws_spikes = spikes == "drawn";
}

Population read_population(const ConfigTree& tree, const std::string& name,
                           const NetworkDescription& network) {
    Population population{.name = name, .place = tree.place()};
    population.size = whole(tree, "size");
    population.model = tree.text("neuron");
    read_short_term(tree, population);
    if (population.is_source()) {
        read_source(tree, population);
        return population;
    }
    const std::vector<std::string> models = neuron_names();
    if (std::find(models.begin(), models.end(), population.model) == models.end()) {
        tree.fail("neuron", fmt::format("there is no neuron {}.{}", population.model,
                                        nearest_or_all(population.model, models)));
    }
    std::vector<std::string> known{"size", "neuron", "short_term"};
    if (population.model == elm_neuron_name) {
        read_elm(tree, network, population);
        known.insert(known.end(), {"model", "spikes", "longest_gap"});
    } else {
        known.emplace_back("initial");
    }
    const NeuronEntry& entry = entry_of(population);
    for (const Option& option : entry.parameters.options()) {
        if (option.name != "reset") known.push_back(option.name);
    }
    tree.require_known(known);
    for (const Option& option : entry.parameters.options()) {
        if (option.name == "reset" || !tree.has(option.name)) continue;
        population.parameters[option.name] = distribution(tree, option.name, option.unit);
    }
    if (!tree.has("initial")) return population;
    const ConfigTree initial = tree.table("initial");
    std::vector<std::string> states;
    for (const NeuronQuantity& state : entry.states) states.emplace_back(state.name);
    initial.require_known(states);
    for (const NeuronQuantity& state : entry.states) {
        if (!initial.has(state.name)) continue;
        population.initial[state.name] = distribution(initial, state.name, state.unit);
    }
    return population;
}

/// Unit of the weights onto a population.
std::string weight_unit(const NetworkDescription& network, std::size_t to,
                        const std::string& input) {
    const Population& target = network.populations[to];
    if (target.is_source()) return "";
    for (const NeuronQuantity& channel : entry_of(target).inputs) {
        if (input.empty() || input == channel.name) return channel.unit;
    }
    return "";
}

ConnectionRule read_rule(const ConfigTree& tree) {
    const std::string name = tree.text("rule");
    const auto found = std::find(rule_names.begin(), rule_names.end(), name);
    if (found == rule_names.end()) {
        tree.fail("rule", fmt::format("there is no rule {}.{} Known are {}.", name,
                                      nearest_hint(name, rule_names), fmt::join(rule_names, ", ")));
    }
    return static_cast<ConnectionRule>(found - rule_names.begin());
}

void read_rule_options(const ConfigTree& tree, Connection& connection) {
    std::vector<std::string> known{"from",  "to",      "rule", "weight",     "delay",
                                   "input", "synapse", "stdp", "homeostasis"};
    using enum ConnectionRule;
    const ConnectionRule rule = connection.rule;
    if (rule != one_to_one && rule != list) known.emplace_back("allow_autapses");
    if (rule == fixed_in_degree || rule == fixed_out_degree) known.emplace_back("allow_multapses");
    if (rule == fixed_probability) known.emplace_back("probability");
    if (rule == fixed_in_degree || rule == fixed_out_degree || rule == fixed_total) {
        known.emplace_back("degree");
    }
    if (rule == list) known.insert(known.end(), {"sources", "targets"});
    tree.require_known(known);
    if (rule == fixed_probability) connection.probability = tree.number("probability");
    if (rule == list) {
        connection.sources = wholes(tree, "sources");
        connection.targets = wholes(tree, "targets");
    } else if (rule == fixed_in_degree || rule == fixed_out_degree || rule == fixed_total) {
        connection.degree = whole(tree, "degree");
    }
    if (tree.has("allow_autapses")) connection.allow_autapses = tree.boolean("allow_autapses");
    if (tree.has("allow_multapses")) connection.allow_multapses = tree.boolean("allow_multapses");
}

void read_connections(const ConfigTree& root, NetworkDescription& network) {
    for (const ConfigTree& tree : root.tables("connection")) {
        Connection connection{.rule = read_rule(tree), .place = tree.place()};
        read_rule_options(tree, connection);
        if (tree.has("input")) connection.input = tree.text("input");
        if (tree.has("synapse")) connection.synapse = distribution(tree, "synapse", "");
        connection.delay_ms = distribution(tree, "delay", "ms");
        for (const std::size_t from : populations_under(network, tree, "from")) {
            for (const std::size_t to : populations_under(network, tree, "to")) {
                connection.from = from;
                connection.to = to;
                const std::string unit = weight_unit(network, to, connection.input);
                connection.weight = distribution(tree, "weight", unit);
                read_stdp(tree, unit, connection);
                read_homeostasis(tree, unit, connection);
                network.connections.push_back(connection);
            }
        }
    }
}

template <class Input>
void read_times(const ConfigTree& tree, Input& input) {
    input.start_ms = quantity_or(tree, "start", "ms", 0);
    if (tree.has("stop")) input.stop_ms = quantity(tree, "stop", "ms");
}

void read_inputs(const ConfigTree& root, NetworkDescription& network) {
    for (const ConfigTree& tree : root.tables("poisson")) {
        tree.require_known({"to", "rate_hz", "weight", "input", "start", "stop", "first", "count"});
        PoissonInput input{.rate_hz = quantity(tree, "rate_hz", "Hz"), .place = tree.place()};
        if (tree.has("input")) input.input = tree.text("input");
        if (tree.has("first")) input.first = whole(tree, "first");
        if (tree.has("count")) input.count = whole(tree, "count");
        read_times(tree, input);
        for (const std::size_t to : populations_under(network, tree, "to")) {
            input.to = to;
            input.weight = quantity(tree, "weight", weight_unit(network, to, input.input));
            network.poisson.push_back(input);
        }
    }
    for (const ConfigTree& tree : root.tables("current")) {
        tree.require_known({"to", "amplitude", "start", "stop"});
        CurrentInput input{.amplitude = quantity(tree, "amplitude", "nA"), .place = tree.place()};
        read_times(tree, input);
        for (const std::size_t to : populations_under(network, tree, "to")) {
            input.to = to;
            network.currents.push_back(input);
        }
    }
    for (const ConfigTree& tree : root.tables("trace")) {
        tree.require_known({"of", "states", "neurons"});
        TraceRequest request{.neurons = wholes(tree, "neurons"), .place = tree.place()};
        if (tree.has("states"))
            request.states = tree.texts("states");
        else
            request.states = {"membrane_potential"};
        request.population = population_called(network, tree, "of", tree.text("of"));
        network.traces.push_back(request);
    }
}

NetworkDescription read_network(const ConfigTree& root) {
    root.require_known({"network", "population", "connection", "poisson", "current", "trace"});
    NetworkDescription network;
    network.name = std::filesystem::path(root.origin()).stem().string();
    if (root.has("network")) {
        const ConfigTree tree = root.table("network");
        tree.require_known({"name", "time_step", "duration", "discard", "seed"});
        if (tree.has("name")) network.name = tree.text("name");
        network.time_step_ms = quantity_or(tree, "time_step", "ms", network.time_step_ms);
        network.duration_ms = quantity_or(tree, "duration", "ms", network.duration_ms);
        network.discard_ms = quantity_or(tree, "discard", "ms", network.discard_ms);
        if (network.time_step_ms <= 0) tree.fail("time_step", "expected a positive time.");
        if (tree.has("seed")) network.seed = static_cast<std::uint64_t>(whole(tree, "seed"));
    }
    const ConfigTree populations = root.table("population");
    for (const std::string& name : populations.keys()) {
        network.populations.push_back(read_population(populations.table(name), name, network));
    }
    read_connections(root, network);
    read_inputs(root, network);
    check(network);
    return network;
}

/// Names may hold any letter, messages are one line.
NetworkDescription read_in_one_line(const ConfigTree& root) {
    try {
        return read_network(root);
    } catch (const Error& error) {
        throw Error(error.kind(), one_line(error.message()), error.site());
    }
}

}  // namespace

NetworkDescription load_network(const std::string& path) {
    return read_in_one_line(ConfigTree::load(path));
}

NetworkDescription parse_network(const std::string& text, const std::string& origin) {
    return read_in_one_line(ConfigTree::parse(text, origin));
}

}  // namespace elm::network

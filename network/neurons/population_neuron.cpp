#include "network/neurons/population_neuron.h"

#include <array>
#include <cmath>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/toml_config.h"
#include "neuron/elm/elm_builtin.h"
#include "neuron/elm/elm_model_file.h"

namespace elm::network {
namespace {

constexpr NeuronQuantity parameters[] = {
    {"threshold", "", 0.5, "probability from which on a neuron spikes, unless spikes are drawn", 0,
     1},
    {"refractory_period", "ms", 0, "time after a spike without another", 0, 1e6}};
constexpr NeuronQuantity signed_inputs[] = {
    {"excitatory", "", 1, "a spike on an excitatory synapse", 0},
    {"inhibitory", "", 1, "a spike on an inhibitory synapse", 0}};
constexpr NeuronQuantity plain_inputs[] = {{"synapses", "", 1, "a value on a synapse"}};
constexpr NeuronQuantity states[] = {
    {"spike_probability", "", 0.5, "in the step"},
    {"membrane_potential", "mV", 1, "of the soma, cut where a spike would be"}};

/// What an ELM neuron says of itself depends on its routing and on the number of its outputs.
struct Kind {
    bool has_signs, has_potential;

    explicit Kind(const ElmOptions& options)
        : has_signs(options.routing == SynapseRouting::neuronio),
          has_potential(options.n_output > 1) {}
    Kind(bool signs, bool potential) : has_signs(signs), has_potential(potential) {}

    std::size_t index() const { return (has_signs ? 2U : 0U) + (has_potential ? 1U : 0U); }
    std::span<const NeuronQuantity> inputs() const {
        return has_signs ? std::span<const NeuronQuantity>(signed_inputs)
                         : std::span<const NeuronQuantity>(plain_inputs);
    }
    std::span<const NeuronQuantity> states_of() const {
        return std::span<const NeuronQuantity>(states).first(has_potential ? 2 : 1);
    }
};

template <class Made, class Make>
const Made& made_for(const Kind& kind, const Make& make) {
    static const std::array<Made, 4> all{make(Kind(false, false)), make(Kind(false, true)),
                                         make(Kind(true, false)), make(Kind(true, true))};
    return all[kind.index()];
}

NeuronEntry make_entry(const Kind& kind) {
    NeuronEntry entry{.name = elm_neuron_name,
                      .summary = "Expressive Leaky Memory neuron of a model",
                      .source = "Spieler et al. 2024, arXiv 2306.16922",
                      .parameters = {},
                      .inputs = {kind.inputs().begin(), kind.inputs().end()},
                      .states = {kind.states_of().begin(), kind.states_of().end()}};
    for (const NeuronQuantity& parameter : parameters) {
        entry.parameters.declare({.name = parameter.name,
                                  .value = parameter.value,
                                  .help = parameter.help,
                                  .unit = parameter.unit,
                                  .lowest = parameter.lowest,
                                  .highest = parameter.highest});
    }
    return entry;
}

NeuronModel make_model(const Kind& kind) {
    NeuronModel model;
    model.name = elm_neuron_name;
    model.parameters = parameters;
    model.inputs = kind.inputs();
    model.states = kind.states_of();
    model.deposits.resize(model.inputs.size());
    model.uses_last_spike = false;
    model.conflict = [](std::span<const double>, ResetKind) -> const char* { return nullptr; };
    model.coefficients_of = [](std::span<const double> values, double) {
        return std::vector<double>{values[0]};
    };
    if (kind.has_potential) {
        model.initial_of = [](std::span<const double>) { return std::vector<double>(2, 0.0); };
    } else {
        model.initial_of = [](std::span<const double>) { return std::vector<double>(1, 0.0); };
    }
    return model;
}

Distribution range_of(const Connection& connection, std::int64_t count) {
    if (!connection.synapse) return Distribution::uniform(0, static_cast<double>(count));
    const Distribution& given = *connection.synapse;
    if (given.kind == Distribution::Kind::uniform) {
        return Distribution::uniform(given.first, given.second + 1);
    }
    return Distribution::constant(given.first);
}

}  // namespace

const std::string elm_neuron_name = "elm";

std::vector<std::string> neuron_names() {
    std::vector<std::string> names{"poisson", "spikes", elm_neuron_name};
    for (const NeuronEntry& entry : all_neurons()) names.push_back(entry.name);
    return names;
}

const NeuronEntry& elm_neuron_entry() {
    return made_for<NeuronEntry>(Kind(true, true), make_entry);
}

const NeuronEntry& entry_of(const Population& population) {
    if (!population.elm) return find_neuron(population.model);
    return made_for<NeuronEntry>(Kind(population.elm->model->options), make_entry);
}

const NeuronModel& model_of(const Population& population) {
    if (!population.elm) return neuron_model(population.model);
    return made_for<NeuronModel>(Kind(population.elm->model->options), make_model);
}

SynapseRange synapses_of(const Population& population, std::size_t input) {
    if (!population.elm) return {};
    const ElmOptions& options = population.elm->model->options;
    if (!Kind(options).has_signs) return {0, options.n_input, false};
    const std::int64_t excitatory = options.n_input / 2;
    if (input == 0) return {0, excitatory, false};
    return {excitatory, options.n_input - excitatory, true};
}

bool is_fit(const ElmModel& builtin) { return builtin.source != "built-in"; }

ElmNode load_elm_node(const std::string& name, const std::string& description,
                      double time_step_ms) {
    ElmNode node{.name = name};
    ElmModel model;
    if (const BuiltinModel* const builtin = find_builtin(name)) {
        model = builtin->make(time_step_ms);
        node.is_fit = is_fit(model);
    } else {
        namespace fs = std::filesystem;
        const fs::path beside = fs::path(description).parent_path() / name;
        std::vector<std::string> names;
        for (const BuiltinModel& known : builtin_models()) names.push_back(known.name);
        if (!fs::exists(beside)) {
            throw Error(ErrorKind::invalid,
                        fmt::format("there is no file {} and no model of that name.{}",
                                    beside.string(), nearest_or_all(name, names)));
        }
        model = load_elm_model(beside.string());
        node.fit_step_ms = model.options.time_step_ms;
        const bool keeps_step = model.options.version == ElmVersion::v1;
        if (keeps_step && std::abs(node.fit_step_ms - time_step_ms) > 1e-9 * time_step_ms) {
            throw Error(ErrorKind::invalid,
                        fmt::format("{} is of version 1 and was fitted at steps of {:g} ms; those "
                                    "of the network are {:g} ms. Set time_step = {:g}.",
                                    name, node.fit_step_ms, time_step_ms, node.fit_step_ms));
        }
        model.options.time_step_ms = time_step_ms;
    }
    model.check();
    node.model = std::make_shared<const ElmModel>(std::move(model));
    return node;
}

SynapseChoice::SynapseChoice(const Connection& connection, std::int64_t count)
    : draw_(connection.synapse && connection.synapse->kind == Distribution::Kind::list
                ? Draw(*connection.synapse)
                : Draw(range_of(connection, count))) {}

}  // namespace elm::network

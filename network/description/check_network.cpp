#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/toml_config.h"
#include "network/description/check_plasticity.h"
#include "network/description/network_description.h"
#include "network/neurons/channel.h"
#include "network/neurons/population_neuron.h"
#include "neuron/elm/elm_model.h"

namespace elm::network {
namespace {

std::vector<std::string> names_of(const std::vector<NeuronQuantity>& quantities) {
    std::vector<std::string> names;
    for (const NeuronQuantity& quantity : quantities) names.emplace_back(quantity.name);
    return names;
}

void require_name(const std::string& name, const std::vector<std::string>& names,
                  const std::string& what, const std::string& place) {
    ELM_CHECK(std::find(names.begin(), names.end(), name) != names.end(),
              "{}there is no {} {}.{} Known are {}.", at(place), what, name,
              nearest_hint(name, names), fmt::join(names, ", "));
}

/// Shape of a distribution, whatever it is of.
void check_form(const Distribution& d, std::int64_t count, const std::string& what,
                const std::string& place) {
    if (d.kind == Distribution::Kind::list) {
        ELM_CHECK(std::ssize(d.values) == count, "{}{}: a list of {} values, expected {}.",
                  at(place), what, d.values.size(), count);
    }
    for (const double value : d.values) {
        ELM_CHECK(std::isfinite(value), "{}{}: {} in the list, expected finite numbers.", at(place),
                  what, value);
    }
    ELM_CHECK(std::isfinite(d.first) && std::isfinite(d.second),
              "{}{}: expected finite numbers (got {} and {}).", at(place), what, d.first, d.second);
    if (d.kind == Distribution::Kind::uniform) {
        ELM_CHECK(d.first <= d.second, "{}{}: uniform from {} to {}, expected the lower end first.",
                  at(place), what, d.first, d.second);
    }
    if (d.kind == Distribution::Kind::normal) {
        ELM_CHECK(d.second >= 0, "{}{}: a standard deviation of {}, expected at least 0.",
                  at(place), what, d.second);
        const double reach = 6 * d.second;
        ELM_CHECK(
            d.lowest < d.highest && d.lowest <= d.first + reach && d.highest >= d.first - reach,
            "{}{}: nothing of normal {} +- {} lies from {} to {}.", at(place), what, d.first,
            d.second, d.lowest, d.highest);
    }
}

void check_range(const Distribution& d, double lowest, double highest, const std::string& unit,
                 const std::string& what, const std::string& place) {
    if (d.kind == Distribution::Kind::list && d.values.empty()) return;
    const Draw draw(d);
    for (const double value : {draw.lowest(), draw.highest()}) {
        ELM_CHECK(value >= lowest && value <= highest, "{}{}: {} {}, expected {} to {} {}.",
                  at(place), what, value, unit, lowest, highest, unit);
    }
}

void check_source(const Population& p) {
    ELM_CHECK(p.parameters.empty() && p.initial.empty(),
              "{}a population of {} has neither parameters nor states.", at(p.place), p.model);
    ELM_CHECK(p.rate_hz >= 0 && std::isfinite(p.rate_hz), "{}rate_hz: {}, expected at least 0.",
              at(p.place), p.rate_hz);
    ELM_CHECK(p.spike_times.size() == p.spike_neurons.size(),
              "{}{} spike times and {} neurons, expected one neuron for each.", at(p.place),
              p.spike_times.size(), p.spike_neurons.size());
    for (const double time : p.spike_times) {
        ELM_CHECK(time > 0 && std::isfinite(time), "{}a spike at {} ms, expected a time after 0.",
                  at(p.place), time);
    }
    for (const std::int64_t neuron : p.spike_neurons) {
        ELM_CHECK(neuron >= 0 && neuron < p.size, "{}a spike of neuron {}, expected 0 to {}.",
                  at(p.place), neuron, p.size - 1);
    }
}

void check_elm(const Population& p, double time_step_ms) {
    const bool is_elm = p.model == elm_neuron_name;
    ELM_CHECK(is_elm == p.elm.has_value(), "{}neuron {}: expected {}model of an ELM neuron.",
              at(p.place), p.model, is_elm ? "the " : "no ");
    if (!is_elm) return;
    ELM_CHECK(p.elm->model != nullptr, "{}neuron elm: expected a model.", at(p.place));
    const double own = p.elm->model->options.time_step_ms;
    ELM_CHECK(std::abs(own - time_step_ms) <= 1e-9 * time_step_ms,
              "{}{} has steps of {} ms, the network of {} ms, expected the same.", at(p.place),
              p.elm->name, own, time_step_ms);
    ELM_CHECK(p.elm->fit_step_ms > 0 && std::isfinite(p.elm->fit_step_ms),
              "{}fit_step_ms: {}, expected a positive time.", at(p.place), p.elm->fit_step_ms);
    ELM_CHECK(p.elm->longest_gap_ms >= 0, "{}longest_gap: {} ms, expected at least 0.", at(p.place),
              p.elm->longest_gap_ms);
    ELM_CHECK(p.initial.empty(),
              "{}an ELM neuron begins with all states zero, expected no initial.", at(p.place));
}

void check_population(const Population& p, double time_step_ms) {
    ELM_CHECK(p.size >= 1 && p.size <= 1'000'000'000,
              "{}size: {}, expected a whole number from 1 to 1e9.", at(p.place), p.size);
    if (p.short_term) check_short_term(p);
    if (p.is_source()) return check_source(p);
    require_name(p.model, neuron_names(), "neuron", p.place);
    check_elm(p, time_step_ms);
    const NeuronEntry& entry = entry_of(p);
    std::vector<std::string> names;
    for (const Option& option : entry.parameters.options()) {
        if (option.name != "reset") names.push_back(option.name);
    }
    for (const auto& parameter : p.parameters) {
        const std::string& name = parameter.first;
        require_name(name, names, "parameter", p.place);
        check_form(parameter.second, p.size, name, p.place);
        for (const Option& option : entry.parameters.options()) {
            if (option.name != name) continue;
            check_range(parameter.second, option.lowest, option.highest, option.unit, name,
                        p.place);
        }
    }
    for (const auto& state : p.initial) {
        require_name(state.first, names_of(entry.states), "state", p.place);
        check_form(state.second, p.size, state.first, p.place);
    }
}

const Population& target_of(const NetworkDescription& network, std::size_t to,
                            const std::string& place) {
    const Population& target = network.populations.at(to);
    ELM_CHECK(!target.is_source(), "{}{} is a source of spikes: nothing can act on it.", at(place),
              target.name);
    return target;
}

/// The channel that a weight acts on is there, and takes this sign.
void check_channel(const Population& target, const std::string& input, double lowest,
                   double highest, const std::string& place) {
    const NeuronEntry& entry = entry_of(target);
    if (input.empty()) {
        ELM_CHECK(lowest >= 0 || highest <= 0 || entry.inputs.size() == 1 ||
                      std::string(entry.inputs[1].name) == "inhibitory",
                  "{}weights of both signs onto {}, which has no excitatory and inhibitory inputs.",
                  at(place), entry.name);
        return;
    }
    require_name(input, names_of(entry.inputs), "input", place);
    for (const NeuronQuantity& channel : entry.inputs) {
        if (channel.name != input) continue;
        ELM_CHECK(lowest >= channel.lowest, "{}weight: {} {}, expected at least {} {}.", at(place),
                  lowest, channel.unit, channel.lowest, channel.unit);
    }
}

void check_degree(const Connection& c, const Population& source, const Population& target) {
    const bool in = c.rule == ConnectionRule::fixed_in_degree;
    if (!in && c.rule != ConnectionRule::fixed_out_degree && c.rule != ConnectionRule::fixed_total)
        return;
    ELM_CHECK(c.degree >= 0, "{}degree: {}, expected at least 0.", at(c.place), c.degree);
    if (c.rule == ConnectionRule::fixed_total) {
        ELM_CHECK(c.allow_multapses,
                  "{}fixed-total draws with replacement: allow_multapses must be true.",
                  at(c.place));
    }
    std::int64_t others = in || c.rule == ConnectionRule::fixed_total ? source.size : target.size;
    if (c.from == c.to && !c.allow_autapses) --others;
    ELM_CHECK(c.degree == 0 || others > 0, "{}there is nobody to draw.", at(c.place));
    ELM_CHECK(c.allow_multapses || c.degree <= others,
              "{}degree: {} of {} neurons without multapses, expected at most that many.",
              at(c.place), c.degree, others);
}

void check_list(const Connection& c, const Population& source, const Population& target) {
    ELM_CHECK(c.sources.size() == c.targets.size(),
              "{}a list of {} sources and {} targets, expected as many of both.", at(c.place),
              c.sources.size(), c.targets.size());
    const auto check_ends = [&](const std::vector<std::int64_t>& ids, std::int64_t size,
                                const char* what) {
        for (std::size_t i = 0; i < ids.size(); ++i) {
            ELM_CHECK(ids[i] >= 0 && ids[i] < size, "{}{}[{}] is {}, expected 0 to {}.",
                      at(c.place), what, i, ids[i], size - 1);
        }
    };
    check_ends(c.sources, source.size, "sources");
    check_ends(c.targets, target.size, "targets");
}

/// Inputs of the models of ELM neurons are there.
void check_synapse(const Connection& c, const Population& target, const Draw& weight) {
    if (!c.synapse) return;
    const Distribution& d = *c.synapse;
    ELM_CHECK(target.elm, "{}synapse: {} are no ELM neurons, which have numbered synapses.",
              at(c.place), target.name);
    ELM_CHECK(d.kind != Distribution::Kind::normal,
              "{}synapse: expected a number, a list, or uniform = [first, last].", at(c.place));
    ELM_CHECK(d.kind != Distribution::Kind::list || c.rule == ConnectionRule::list,
              "{}synapse: a list needs the rule \"list\".", at(c.place));
    check_form(d, std::ssize(c.targets), "synapse", c.place);
    if (d.kind == Distribution::Kind::list && d.values.empty()) return;
    for (const double value : {d.first, d.second}) {
        ELM_CHECK(value == std::floor(value), "{}synapse: {}, expected whole numbers.", at(c.place),
                  value);
    }
    for (const double value : d.values) {
        ELM_CHECK(value == std::floor(value), "{}synapse: {}, expected whole numbers.", at(c.place),
                  value);
    }
    const Draw draw(d);
    const double highest = d.kind == Distribution::Kind::uniform ? d.second : draw.highest();
    const double lowest = d.kind == Distribution::Kind::uniform ? d.first : draw.lowest();
    for (const bool negative : {false, true}) {
        if (negative ? weight.lowest() >= 0 : weight.highest() < 0) continue;
        const std::size_t input = channel_of(model_of(target), c.input, negative).input;
        const std::int64_t count = synapses_of(target, input).count;
        ELM_CHECK(lowest >= 0 && highest < static_cast<double>(count),
                  "{}synapse: {} to {}, expected 0 to {}: so many has the input {} of {}.",
                  at(c.place), lowest, highest, count - 1, entry_of(target).inputs[input].name,
                  target.elm->name);
    }
}

void check_connection(const NetworkDescription& network, const Connection& c) {
    const Population& source = network.populations.at(c.from);
    const Population& target = target_of(network, c.to, c.place);
    ELM_CHECK(c.rule != ConnectionRule::one_to_one || source.size == target.size,
              "{}one-to-one of {} neurons onto {}, expected equal sizes.", at(c.place), source.size,
              target.size);
    ELM_CHECK(c.probability >= 0 && c.probability <= 1, "{}probability: {}, expected 0 to 1.",
              at(c.place), c.probability);
    check_degree(c, source, target);
    const bool is_list = c.rule == ConnectionRule::list;
    if (is_list) check_list(c, source, target);
    for (const auto* d : {&c.weight, &c.delay_ms}) {
        const char* const what = d == &c.weight ? "weight" : "delay";
        ELM_CHECK(is_list || d->kind != Distribution::Kind::list,
                  "{}{}: a list needs the rule \"list\".", at(c.place), what);
        check_form(*d, std::ssize(c.targets), what, c.place);
    }
    if (is_list && c.targets.empty()) return;
    const Draw delay(c.delay_ms), weight(c.weight);
    // Rounded to whole steps, and a list may have been added up from steps.
    ELM_CHECK(std::round(delay.lowest() / network.time_step_ms * (1 + 1e-12)) >= 1,
              "{}delay: {} ms, expected at least one step of {} ms.", at(c.place), delay.lowest(),
              network.time_step_ms);
    ELM_CHECK(delay.highest() / network.time_step_ms < 60000,
              "{}delay: {} ms, expected less than 60000 steps of {} ms.", at(c.place),
              delay.highest(), network.time_step_ms);
    check_channel(target, c.input, weight.lowest(), weight.highest(), c.place);
    check_synapse(c, target, weight);
    ELM_CHECK(!c.is_plastic() || !target.elm, "{}{}: synapses onto ELM neurons keep their weights.",
              at(c.place), c.stdp ? "stdp" : "homeostasis");
    if (!c.is_plastic()) return;
    const std::string unit =
        entry_of(target)
            .inputs[channel_of(model_of(target), c.input, weight.lowest() < 0).input]
            .unit;
    if (c.stdp) check_stdp(c, unit, weight.lowest(), weight.highest());
    if (c.homeostasis) check_homeostasis(c, unit, weight.lowest(), network.time_step_ms);
}

void check_times(double start_ms, const std::optional<double>& stop_ms, const std::string& place) {
    ELM_CHECK(start_ms >= 0 && std::isfinite(start_ms), "{}start_ms: {}, expected at least 0.",
              at(place), start_ms);
    ELM_CHECK(!stop_ms || *stop_ms >= start_ms, "{}stop_ms: {}, expected at least start_ms ({}).",
              at(place), stop_ms.value_or(0), start_ms);
}

}  // namespace

void check(const NetworkDescription& network) {
    ELM_CHECK(network.time_step_ms > 0 && std::isfinite(network.time_step_ms),
              "time_step_ms: {}, expected a positive time.", network.time_step_ms);
    ELM_CHECK(network.duration_ms >= 0 && std::isfinite(network.duration_ms) &&
                  network.duration_ms / network.time_step_ms < 4e9,
              "duration_ms: {}, expected 0 to {} (4e9 steps).", network.duration_ms,
              4e9 * network.time_step_ms);
    ELM_CHECK(network.discard_ms >= 0 && std::isfinite(network.discard_ms),
              "discard_ms: {}, expected at least 0.", network.discard_ms);
    ELM_CHECK(!network.populations.empty(), "there is no population.");
    for (const Population& population : network.populations) {
        check_population(population, network.time_step_ms);
    }
    for (const Connection& connection : network.connections) check_connection(network, connection);
    for (const PoissonInput& input : network.poisson) {
        const Population& target = target_of(network, input.to, input.place);
        check_times(input.start_ms, input.stop_ms, input.place);
        const double mean = input.rate_hz * network.time_step_ms / 1000;
        ELM_CHECK(input.rate_hz >= 0 && mean <= 1000,
                  "{}rate_hz: {}, expected at least 0 and at most 1000 spikes in a step.",
                  at(input.place), input.rate_hz);
        ELM_CHECK(input.first >= 0 && input.count.value_or(0) >= 0 &&
                      input.first + input.count.value_or(0) <= target.size,
                  "{}neurons {} to {}, expected 0 to {}.", at(input.place), input.first,
                  input.first + input.count.value_or(0) - 1, target.size - 1);
        ELM_CHECK(std::isfinite(input.weight), "{}weight: {}, expected a finite number.",
                  at(input.place), input.weight);
        check_channel(target, input.input, input.weight, input.weight, input.place);
    }
    for (const CurrentInput& input : network.currents) {
        const Population& target = target_of(network, input.to, input.place);
        check_times(input.start_ms, input.stop_ms, input.place);
        ELM_CHECK(std::isfinite(input.amplitude), "{}amplitude: {}, expected a finite current.",
                  at(input.place), input.amplitude);
        require_name("current", names_of(entry_of(target).inputs), "input", input.place);
    }
    for (const TraceRequest& trace : network.traces) {
        const Population& target = target_of(network, trace.population, trace.place);
        for (const std::string& state : trace.states) {
            require_name(state, names_of(entry_of(target).states), "state", trace.place);
        }
        for (const std::int64_t neuron : trace.neurons) {
            ELM_CHECK(neuron >= 0 && neuron < target.size, "{}neuron {}, expected 0 to {}.",
                      at(trace.place), neuron, target.size - 1);
        }
    }
}

}  // namespace elm::network

#include "network/interchange/nir/nir_neurons.h"

#include <cmath>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "network/neurons/parameter_draws.h"
#include "neuron/point/exact_currents.h"
#include "neuron/point/neuron_registry.h"

namespace elm::network {
namespace {

constexpr double ms_per_s = 1000;

std::string at(const Population& population) {
    return population.place.empty() ? "population " + population.name + ": "
                                    : population.place + ": ";
}

/// Share of the way to where it goes that a state takes in a step.
double share_of(double time_step_ms, double tau_ms) { return -std::expm1(-time_step_ms / tau_ms); }

/// Columns of parameters, one number for each neuron.
class Columns {
public:
    Columns(const NetworkDescription& network, std::size_t population)
        : draws_(network, population) {
        for (std::int64_t i = 0; i < network.populations[population].size; ++i) {
            rows_.push_back(draws_.of(i));
        }
    }
    double at(std::size_t neuron, const char* name) const {
        return rows_[neuron][NeuronModel::index_of(draws_.model().parameters, name)];
    }
    template <class Value>
    NirArray array(const Value& value) const {
        NirArray array{{std::ssize(rows_)}, {}, false};
        for (std::size_t i = 0; i < rows_.size(); ++i) array.values.push_back(value(i));
        return array;
    }

private:
    ParameterDraws draws_;
    std::vector<std::vector<double>> rows_;
};

void require_words(const Population& population, const Columns& columns, double time_step_ms) {
    ELM_CHECK(population.initial.empty(),
              "{}NIR has no states before the first step: leave initial away, neurons start at "
              "rest.",
              at(population));
    for (std::size_t i = 0; std::cmp_less(i, population.size); ++i) {
        const double refractory = columns.at(i, "refractory_period");
        ELM_CHECK(refractory_steps_of(refractory, time_step_ms) == 0,
                  "{}neuron {} has a refractory_period of {} ms, and NIR has none: set it to 0.",
                  at(population), i, refractory);
        if (population.model == "lif") continue;
        const double excitatory = columns.at(i, "tau_excitatory");
        const double inhibitory = columns.at(i, "tau_inhibitory");
        ELM_CHECK(excitatory == inhibitory,
                  "{}neuron {} has synapses of {} and {} ms, and those of NIR have one time "
                  "constant: set tau_excitatory and tau_inhibitory to the same.",
                  at(population), i, excitatory, inhibitory);
    }
}

/// Values of an array, one for each neuron.
double value_at(const NirNode& node, const std::string& name, std::size_t neuron,
                double otherwise) {
    if (!node.has(name)) return otherwise;
    const std::vector<double>& values = node.array(name).values;
    return values.size() == 1 ? values[0] : values[neuron];
}

}  // namespace

bool nir_has(const std::string& neuron) { return neuron == "lif" || neuron == "lif_exponential"; }

std::int64_t nir_extra_steps(const std::string& neuron) { return neuron == "lif" ? 0 : 1; }

NirNode nir_neurons_of(const NetworkDescription& network, std::size_t population) {
    const Population& described = network.populations[population];
    ELM_CHECK(nir_has(described.model),
              "{}NIR has no neuron like {}. It has those of lif and lif_exponential.",
              at(described), described.model);
    const Columns columns(network, population);
    const double h = network.time_step_ms;
    require_words(described, columns, h);
    const bool is_lif = described.model == "lif";
    const auto value = [&](const char* name) {
        return [&columns, name](std::size_t i) { return columns.at(i, name); };
    };
    const auto a_mem = [&](std::size_t i) { return share_of(h, columns.at(i, "tau_m")); };
    const auto resistance = [&](std::size_t i) {
        return is_lif ? columns.at(i, "membrane_resistance")
                      : columns.at(i, "tau_m") / columns.at(i, "membrane_capacitance");
    };
    NirNode node{.name = described.name, .kind = NirKind::leaky_integrate_and_fire};
    const auto tau =
        columns.array([&](std::size_t i) { return columns.at(i, "tau_m") / ms_per_s; });
    node.arrays["v_leak"] = columns.array([&](std::size_t i) {
        return columns.at(i, "resting_potential") +
               resistance(i) * columns.at(i, "constant_current");
    });
    node.arrays["v_threshold"] = columns.array(
        [&](std::size_t i) { return std::nextafter(columns.at(i, "threshold"), -INFINITY); });
    node.arrays["v_reset"] = columns.array(value("reset_potential"));
    if (is_lif) {
        node.arrays["tau"] = tau;
        node.arrays["r"] = columns.array([&](std::size_t i) { return 1 / a_mem(i); });
        return node;
    }
    node.kind = NirKind::current_leaky_integrate_and_fire;
    node.arrays["tau_mem"] = tau;
    node.arrays["tau_syn"] =
        columns.array([&](std::size_t i) { return columns.at(i, "tau_excitatory") / ms_per_s; });
    node.arrays["w_in"] = columns.array(
        [&](std::size_t i) { return 1 / share_of(h, columns.at(i, "tau_excitatory")); });
    node.arrays["r"] = columns.array([&](std::size_t i) {
        return exact_currents::of_exponential(h, columns.at(i, "tau_m"),
                                              columns.at(i, "tau_excitatory"),
                                              columns.at(i, "membrane_capacitance")) /
               a_mem(i);
    });
    return node;
}

NeuronsOfNir neurons_of_nir(const NirNode& node, std::int64_t size, double time_step_ms) {
    const bool is_lif = node.kind == NirKind::leaky_integrate_and_fire;
    if (!is_lif && node.kind != NirKind::current_leaky_integrate_and_fire) {
        fail_nir(node.place, fmt::format("is of the type {}, and networks of neurons have LIF and "
                                         "CubaLIF alone. It runs as the graph that it is.",
                                         node.type().name));
    }
    NeuronsOfNir neurons;
    neurons.population = {.name = node.name, .size = size, .place = node.place};
    neurons.population.model = is_lif ? "lif" : "lif_exponential";
    std::map<std::string, std::vector<double>> columns;
    for (std::size_t i = 0; std::cmp_less(i, size); ++i) {
        const auto value = [&](const char* name, double otherwise) {
            return value_at(node, name, i, otherwise);
        };
        const double tau = ms_per_s * value(is_lif ? "tau" : "tau_mem", 0);
        const double a_mem = share_of(time_step_ms, tau), r = value("r", 1);
        if (r <= 0) fail_nir(node.place, fmt::format("r is {}, expected a positive number.", r));
        columns["tau_m"].push_back(tau);
        columns["resting_potential"].push_back(value("v_leak", 0));
        columns["threshold"].push_back(std::nextafter(value("v_threshold", 0), INFINITY));
        columns["reset_potential"].push_back(value("v_reset", 0));
        columns["refractory_period"].push_back(0);
        if (is_lif) {
            neurons.weight_units.push_back(r * a_mem);
            continue;
        }
        const double tau_syn = ms_per_s * value("tau_syn", 0);
        columns["tau_excitatory"].push_back(tau_syn);
        columns["tau_inhibitory"].push_back(tau_syn);
        columns["membrane_capacitance"].push_back(
            exact_currents::of_exponential(time_step_ms, tau, tau_syn, 1) / (r * a_mem));
        neurons.weight_units.push_back(value("w_in", 1) * share_of(time_step_ms, tau_syn));
    }
    for (auto& column : columns) {
        neurons.population.parameters[column.first] = Distribution::list(std::move(column.second));
    }
    return neurons;
}

}  // namespace elm::network

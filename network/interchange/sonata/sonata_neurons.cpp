#include "network/interchange/sonata/sonata_neurons.h"

#include <cmath>

#include "neuron/point/neuron_registry.h"

namespace elm::network {
namespace {

constexpr double per_thousand = 1000;  // pA in nA, pF in nF, nS in uS

SonataQuantity state(std::string theirs, std::string ours, double per, double otherwise) {
    return {std::move(theirs), std::move(ours), per, otherwise, true, false};
}

std::vector<SonataQuantity> of_leaky_neurons() {
    return {{"tau_m", "tau_m", 1, 10},
            {"E_L", "resting_potential", 1, -70},
            {"V_th", "threshold", 1, -55},
            {"V_reset", "reset_potential", 1, -70},
            {"t_ref", "refractory_period", 1, 2},
            {"I_e", "constant_current", per_thousand, 0},
            state("V_m", "membrane_potential", 1, -70)};
}

SonataNeuron with_currents(const std::string& name, const std::string& neuron) {
    SonataNeuron found{name, neuron, per_thousand, of_leaky_neurons()};
    found.quantities.push_back({"C_m", "membrane_capacitance", per_thousand, 250});
    found.quantities.push_back({"tau_syn_ex", "tau_excitatory", 1, 2});
    found.quantities.push_back({"tau_syn_in", "tau_inhibitory", 1, 2});
    return found;
}

SonataNeuron delta_neuron() {
    SonataNeuron found{"nest:iaf_psc_delta", "lif", 1, of_leaky_neurons()};
    found.quantities.push_back({.theirs = "C_m",
                                .ours = "membrane_resistance",
                                .per = per_thousand,
                                .otherwise = 250,
                                .is_capacitance_of_resistance = true});
    return found;
}

SonataNeuron conductance_neuron() {
    return {"nest:iaf_cond_exp",
            "lif_conductance",
            per_thousand,
            {{"C_m", "membrane_capacitance", per_thousand, 250},
             {"g_L", "leak_conductance", per_thousand, 16.6667},
             {"E_L", "resting_potential", 1, -70},
             {"V_th", "threshold", 1, -55},
             {"V_reset", "reset_potential", 1, -60},
             {"t_ref", "refractory_period", 1, 2},
             {"E_ex", "excitatory_reversal", 1, 0},
             {"E_in", "inhibitory_reversal", 1, -85},
             {"tau_syn_ex", "tau_excitatory", 1, 0.2},
             {"tau_syn_in", "tau_inhibitory", 1, 2},
             {"I_e", "constant_current", per_thousand, 0},
             state("V_m", "membrane_potential", 1, -70)}};
}

SonataNeuron izhikevich_of_nest() {
    return {"nest:izhikevich",
            "izhikevich",
            1,
            {{"a", "recovery_rate", 1, 0.02},
             {"b", "recovery_coupling", 1, 0.2},
             {"c", "reset_potential", 1, -65},
             {"d", "recovery_jump", 1, 8},
             {"V_th", "threshold", 1, 30},
             {"I_e", "constant_current", 1, 0},
             state("V_m", "membrane_potential", 1, -65),
             state("U_m", "recovery", 1, 0)}};
}

SonataNeuron exponential_neuron() {
    SonataNeuron found = with_currents("nest:iaf_psc_exp", "lif_exponential");
    const double nothing = std::numeric_limits<double>::quiet_NaN();
    found.quantities.push_back(state("I_syn_ex", "excitatory_current", per_thousand, nothing));
    found.quantities.push_back(state("I_syn_in", "inhibitory_current", per_thousand, nothing));
    return found;
}

const std::vector<SonataNeuron>& of_nest() {
    static const std::vector<SonataNeuron> neurons{
        exponential_neuron(), with_currents("nest:iaf_psc_alpha", "lif_alpha"), delta_neuron(),
        conductance_neuron(), izhikevich_of_nest()};
    return neurons;
}

const std::string own_prefix = "elmsim:";

SonataNeuron own_neuron(const NeuronEntry& entry) {
    SonataNeuron found{own_prefix + entry.name, entry.name};
    for (const Option& option : entry.parameters.options()) {
        if (option.name == "reset") continue;
        found.quantities.push_back({.theirs = option.name, .ours = option.name});
    }
    for (const NeuronQuantity& one : entry.states) {
        found.quantities.push_back(
            {.theirs = std::string("initial_") + one.name, .ours = one.name, .is_state = true});
    }
    return found;
}

}  // namespace

std::optional<SonataNeuron> find_sonata_neuron(const std::string& model_template) {
    for (const SonataNeuron& neuron : of_nest()) {
        if (neuron.name == model_template) return neuron;
    }
    for (const NeuronEntry& entry : all_neurons()) {
        if (own_prefix + entry.name == model_template) return own_neuron(entry);
    }
    return std::nullopt;
}

SonataNeuron sonata_neuron_of(const std::string& neuron) {
    for (const SonataNeuron& known : of_nest()) {
        if (known.neuron == neuron) return known;
    }
    return own_neuron(find_neuron(neuron));
}

std::vector<std::string> sonata_neuron_names() {
    std::vector<std::string> names;
    for (const SonataNeuron& neuron : of_nest()) names.push_back(neuron.name);
    for (const NeuronEntry& entry : all_neurons()) names.push_back(own_prefix + entry.name);
    return names;
}

double in_their_unit(double ours, double per) {
    const double product = ours * per;
    for (const double near :
         {product, std::nextafter(product, INFINITY), std::nextafter(product, -INFINITY)}) {
        if (near / per == ours) return near;
    }
    return product;
}

}  // namespace elm::network

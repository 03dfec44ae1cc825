#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace elm::network {

/// A parameter or state of a neuron by the name that files have for it.
struct SonataQuantity {
    std::string theirs, ours;
    double per = 1;  // of their unit in ours: 1000 pA in a nA
    /// Where a file does not say it; NaN: as we have it.
    double otherwise = std::numeric_limits<double>::quiet_NaN();
    bool is_state = false;
    bool is_capacitance_of_resistance = false;  // ours: tau_m / theirs
};

/// A model of neurons by the name that files have for it (model_template).
struct SonataNeuron {
    std::string name;    // "nest:iaf_psc_exp"
    std::string neuron;  // of neurons.def
    double weight_per = 1;
    std::vector<SonataQuantity> quantities = {};
};

/// Neurons of NEST, with NEST's names, units and defaults: nest:iaf_psc_exp, nest:iaf_psc_alpha,
/// nest:iaf_psc_delta, nest:iaf_cond_exp, nest:izhikevich. Those of this program are elmsim:NAME,
/// with their own names, units and defaults, states as initial_STATE. Nothing for others.
std::optional<SonataNeuron> find_sonata_neuron(const std::string& model_template);
/// The one of NEST, where it has the neuron, or elmsim:NAME.
SonataNeuron sonata_neuron_of(const std::string& neuron);
std::vector<std::string> sonata_neuron_names();

/// A value of ours in their unit, such that it comes back as it was where numbers allow it.
double in_their_unit(double ours, double per);

}  // namespace elm::network

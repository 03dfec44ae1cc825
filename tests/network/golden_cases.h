#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "kernels/io/hdf5_file.h"
#include "network/description/network_description.h"

/// Cases of networks_golden.h5: what other simulators did. Their units are pF, pA and nS.
namespace elm::test {

inline const std::string golden_networks = std::string(ELM_DATA_DIR) + "/networks_golden.h5";

#define ELM_SKIP_WITHOUT_GOLDEN_NETWORKS()                      \
    if (!std::filesystem::exists(::elm::test::golden_networks)) \
    GTEST_SKIP() << ::elm::test::golden_networks << " is not there"

inline constexpr double per_thousand = 1e-3;  // pA in nA, pF in nF, nS in uS

/// Name of a parameter of NEST, of ours, and the factor between them.
struct ParameterName {
    const char* theirs;
    const char* ours;
    double factor = 1;
};

inline const std::vector<ParameterName> izhikevich{{"a", "recovery_rate"},
                                                   {"b", "recovery_coupling"},
                                                   {"c", "reset_potential"},
                                                   {"d", "recovery_jump"},
                                                   {"V_th", "threshold"}};
inline const std::vector<ParameterName> delta_based{{"tau_m", "tau_m"},
                                                    {"E_L", "resting_potential"},
                                                    {"V_th", "threshold"},
                                                    {"V_reset", "reset_potential"},
                                                    {"t_ref", "refractory_period"}};

/// The parameters that a group's attributes p_NAME have.
inline void set_parameters(const Hdf5File& file, const std::string& group,
                           const std::vector<ParameterName>& names, network::Population& to) {
    for (const ParameterName& name : names) {
        to.parameters[name.ours] = network::Distribution::constant(
            name.factor * file.number_attribute(group, std::string("p_") + name.theirs));
    }
    if (&names == &delta_based) {
        to.parameters["membrane_resistance"] =
            network::Distribution::constant(file.number_attribute(group, "p_tau_m") /
                                            (per_thousand * file.number_attribute(group, "p_C_m")));
    }
}

inline const std::vector<ParameterName> current_based{{"tau_m", "tau_m"},
                                                      {"C_m", "membrane_capacitance", per_thousand},
                                                      {"E_L", "resting_potential"},
                                                      {"V_th", "threshold"},
                                                      {"V_reset", "reset_potential"},
                                                      {"t_ref", "refractory_period"},
                                                      {"tau_syn_ex", "tau_excitatory"},
                                                      {"tau_syn_in", "tau_inhibitory"}};
inline const std::vector<ParameterName> conductance_based{
    {"C_m", "membrane_capacitance", per_thousand},
    {"g_L", "leak_conductance", per_thousand},
    {"E_L", "resting_potential"},
    {"V_th", "threshold"},
    {"V_reset", "reset_potential"},
    {"t_ref", "refractory_period"},
    {"E_ex", "excitatory_reversal"},
    {"E_in", "inhibitory_reversal"},
    {"tau_syn_ex", "tau_excitatory"},
    {"tau_syn_in", "tau_inhibitory"}};

inline const std::vector<ParameterName> adaptive_exponential{
    {"C_m", "membrane_capacitance", per_thousand},
    {"g_L", "leak_conductance", per_thousand},
    {"E_L", "resting_potential"},
    {"V_th", "threshold"},
    {"Delta_T", "slope_factor"},
    {"V_peak", "peak_potential"},
    {"V_reset", "reset_potential"},
    {"t_ref", "refractory_period"},
    {"tau_w", "tau_adaptation"},
    {"a", "adaptation_coupling", per_thousand},
    {"b", "adaptation_jump", per_thousand},
    {"E_ex", "excitatory_reversal"},
    {"E_in", "inhibitory_reversal"},
    {"tau_syn_ex", "tau_excitatory"},
    {"tau_syn_in", "tau_inhibitory"},
    {"I_e", "constant_current", per_thousand}};

inline std::vector<double> scaled(std::vector<double> values, double factor) {
    for (double& value : values) value *= factor;
    return values;
}

/// A population of spike trains, one spike each, and their synapses onto neuron 0 of population 0.
/// Spikes are a delay of one step before they act.
inline void add_arrivals(network::NetworkDescription& network, const Hdf5File& file,
                         const std::string& group, const std::string& name, double weight_unit) {
    const auto arrivals = file.read<double>(group + "/" + name + "_arrival");
    const auto count = static_cast<std::int64_t>(arrivals.size());
    if (count == 0) return;
    network::Population source{.name = name, .size = count, .model = "spikes"};
    network::Connection connection{
        .from = network.populations.size(), .to = 0, .rule = network::ConnectionRule::list};
    for (std::int64_t i = 0; i < count; ++i) {
        source.spike_times.push_back(arrivals[static_cast<std::size_t>(i)] - network.time_step_ms);
        source.spike_neurons.push_back(i);
        connection.sources.push_back(i);
        connection.targets.push_back(0);
    }
    connection.weight = network::Distribution::list(
        scaled(file.read<double>(group + "/" + name + "_weight"), weight_unit));
    connection.delay_ms = network::Distribution::constant(network.time_step_ms);
    network.populations.push_back(std::move(source));
    network.connections.push_back(std::move(connection));
}

/// The network of a group of /network: one population, a list of synapses. `weight_unit` as above.
inline network::NetworkDescription golden_network(const Hdf5File& file, const std::string& name,
                                                  const std::string& neuron,
                                                  const std::vector<ParameterName>& parameters,
                                                  double weight_unit) {
    const std::string group = "/network/" + name;
    network::NetworkDescription network;
    network.time_step_ms = file.number_attribute(group, "dt_ms");
    network.duration_ms = file.number_attribute(group, "duration_ms");
    network::Population neurons{
        .name = "neurons",
        .size = static_cast<std::int64_t>(file.number_attribute(group, "n_neurons")),
        .model = neuron};
    set_parameters(file, group, parameters, neurons);
    neurons.parameters["constant_current"] =
        network::Distribution::list(scaled(file.read<double>(group + "/I_e"), per_thousand));
    neurons.initial["membrane_potential"] =
        network::Distribution::list(file.read<double>(group + "/V_initial"));
    network.populations.push_back(neurons);
    network::Connection connection{.rule = network::ConnectionRule::list,
                                   .sources = file.read<std::int64_t>(group + "/source"),
                                   .targets = file.read<std::int64_t>(group + "/target")};
    connection.weight =
        network::Distribution::list(scaled(file.read<double>(group + "/weight"), weight_unit));
    connection.delay_ms = network::Distribution::list(
        scaled(file.read<double>(group + "/delay_steps"), network.time_step_ms));
    network.connections.push_back(connection);
    return network;
}

}  // namespace elm::test

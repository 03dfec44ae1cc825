#pragma once

#include "network/description/network_description.h"
#include "network/interchange/nir/nir_graph.h"

/// Neurons that the descriptions of networks and NIR both have, such that the exact rule
/// (nir_engine.h) gives the same spikes: with h the time step, a = 1 - exp(-h / tau),
///
///     lif              = LIF      x: weight (mV); r a = 1
///     lif_exponential  = CubaLIF  x: weight (nA); w_in a_syn = 1; r a_mem = P (mV / nA)
///
/// P: what a current of 1 nA adds to the potential in a step while it decays. A neuron of a network
/// spikes at its threshold, one of NIR above it: v_threshold is the number before. Synapses of
/// lif_exponential act one step later than their delay, those of lif with it.
namespace elm::network {

/// True for a neuron that NIR has, too.
bool nir_has(const std::string& neuron);
/// Steps that a synapse takes longer in NIR than its delay.
std::int64_t nir_extra_steps(const std::string& neuron);

/// Throws Error{invalid} with the place of what NIR cannot say: refractory times, states before the
/// first step, two time constants of synapses.
NirNode nir_neurons_of(const NetworkDescription& network, std::size_t population);

/// Neurons of a node, and what a connection of weight 1 onto each of them is in our unit.
struct NeuronsOfNir {
    Population population;
    std::vector<double> weight_units;
};
/// Throws Error{data} with the place of a node that is neither LIF nor CubaLIF.
NeuronsOfNir neurons_of_nir(const NirNode& node, std::int64_t size, double time_step_ms);

}  // namespace elm::network

// The network with which NEST is scaled over machines (hpc_benchmark): LIF neurons with
// alpha-shaped currents, 9000 excitatory and 2250 inhibitory synapses onto each whatever the size,
// those between excitatory neurons with plasticity by the power law of Morrison, Aertsen & Diesmann
// 2007, doi:10.1162/neco.2007.19.6.1437. At scale 1 it has 11,250 neurons.
//
// A network of a scale k < 1 has too few neurons for so many synapses: with several of each pair it
// bursts as one. It has k times the synapses; weights grow by 1 / sqrt(k), which keeps the variance
// of the input, and a constant current keeps its mean at a rate of 8 Hz (van Albada, Helias &
// Diesmann 2015, doi:10.1371/journal.pcbi.1004490).

#include <algorithm>
#include <cmath>
#include <numbers>

#include "network/benchmarks/benchmark.h"

namespace elm::network {
namespace {

constexpr double unit_weight = 0.0456096;  // nA: 0.14 mV at the peak
constexpr double tau_syn = 0.32582722403722841, poisson_hz = 20856.04;
constexpr double n_excitatory = 9000, n_inhibitory = 2250, g = 5;

/// What a neuron misses at scale k, nA: an event brings e tau_syn times its weight.
double missing_current(double scale) {
    constexpr double rate_hz = 8;
    const double events = poisson_hz + (n_excitatory - g * n_inhibitory) * rate_hz;
    return 0.001 * events * std::numbers::e * tau_syn * unit_weight * (1 - std::sqrt(scale));
}

NetworkDescription hpc(double scale) {
    const double k = std::min(scale, 1.0), weight = unit_weight / std::sqrt(k);
    NetworkDescription network;
    network.name = "hpc";
    network.duration_ms = 300;
    network.discard_ms = 50;
    for (const auto& [name, count] :
         {std::pair{"excitatory", n_excitatory}, {"inhibitory", n_inhibitory}}) {
        Population population{
            .name = name, .size = detail::scaled_count(count, scale), .model = "lif_alpha"};
        population.parameters = {{"resting_potential", Distribution::constant(0)},
                                 {"threshold", Distribution::constant(20)},
                                 {"reset_potential", Distribution::constant(0)},
                                 {"refractory_period", Distribution::constant(0.5)},
                                 {"tau_excitatory", Distribution::constant(tau_syn)},
                                 {"tau_inhibitory", Distribution::constant(tau_syn)}};
        if (k < 1) {
            population.parameters["constant_current"] = Distribution::constant(missing_current(k));
        }
        population.initial = {{"membrane_potential", Distribution::normal(5.7, 7.2)}};
        network.populations.push_back(population);
    }
    for (std::size_t from = 0; from < 2; ++from) {
        const double degree = from == 0 ? n_excitatory : n_inhibitory;
        for (std::size_t to = 0; to < 2; ++to) {
            Connection connection{.from = from,
                                  .to = to,
                                  .rule = ConnectionRule::fixed_in_degree,
                                  .degree = detail::scaled_count(degree, k),
                                  .allow_autapses = false};
            connection.weight = Distribution::constant(from == 0 ? weight : -g * weight);
            connection.delay_ms = Distribution::constant(1.5);
            if (from == 0 && to == 0) {
                connection.stdp = Stdp{.tau_plus_ms = 15,
                                       .tau_minus_ms = 30,
                                       .rate = 0.1,
                                       .asymmetry = 0.0513,
                                       .mu_plus = 0.4,
                                       .unit_weight = 0.001 * weight / unit_weight,
                                       .is_power_law = true};
            }
            network.connections.push_back(connection);
        }
    }
    for (std::size_t to = 0; to < 2; ++to) {
        network.poisson.push_back({.to = to, .rate_hz = poisson_hz * k, .weight = weight});
    }
    return network;
}

}  // namespace

std::vector<Benchmark> detail::hpc_benchmarks() {
    return {{.name = "hpc",
             .summary = "11,250 synapses a neuron, 9000 of excitatory ones plastic",
             .source = "Morrison, Aertsen & Diesmann 2007, doi:10.1162/neco.2007.19.6.1437",
             .make = hpc}};
}

}  // namespace elm::network

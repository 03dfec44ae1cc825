#pragma once

#include <cmath>
#include <string>

#include "network/description/network_description.h"

namespace elm::test {

/// Excitation and inhibition with drawn weights, delays and parameters, driven by Poisson trains;
/// large enough to be cut.
inline network::NetworkDescription busy_network(const std::string& neuron) {
    const bool conductance = neuron == "lif_conductance" || neuron == "hh_traub",
               delta = neuron == "lif" || neuron == "alif" || neuron == "izhikevich",
               one_step = neuron == "adlif" || neuron == "izhikevich_2003";
    const double unit = neuron == "adex" ? 0.03  // its conductances last 0.2 ms
                        : conductance    ? 0.004
                        : delta          ? 1.0
                        : one_step       ? 3.0
                                         : 0.15;
    using elm::network::Connection;
    using elm::network::ConnectionRule;
    using elm::network::Distribution;
    elm::network::NetworkDescription network;
    network.seed = 3;
    network.populations = {{.name = "e", .size = 4000, .model = neuron},
                           {.name = "i", .size = 1000, .model = neuron},
                           {.name = "noise", .size = 300, .model = "poisson", .rate_hz = 20}};
    network.populations[0].parameters["threshold"] = Distribution::normal(-50, 1, -54, -46);
    const auto connect = [&](std::size_t from, std::size_t to, double weight) {
        Connection connection{
            .from = from, .to = to, .rule = ConnectionRule::fixed_in_degree, .degree = 50};
        connection.weight = Distribution::normal(weight, std::abs(weight) / 5);
        connection.delay_ms = Distribution::normal(1.5, 0.5, 0.8, 3);
        network.connections.push_back(connection);
    };
    connect(0, 0, unit);
    connect(0, 1, unit);
    connect(1, 0, -4 * unit);
    connect(1, 1, -4 * unit);
    connect(2, 0, unit);
    for (std::size_t to = 0; to < 2; ++to) {
        network.poisson.push_back({.to = to, .rate_hz = 5000, .weight = unit});
    }
    network.traces = {{.population = 0, .states = {"membrane_potential"}, .neurons = {5, 3999}}};
    return network;
}

/// As busy, and small enough for kernels on host fibres. In f64 a step adds to the sums of a neuron
/// what rounds at 1e-16 of the potential, so that no spike moves.
inline network::NetworkDescription small_network(const std::string& neuron) {
    network::NetworkDescription network = busy_network(neuron);
    network.populations[0].size = 200;
    network.populations[1].size = 70;
    network.populations[2].size = 37;
    for (network::Connection& connection : network.connections) connection.degree = 25;
    network.traces = {{.population = 1, .states = {"membrane_potential"}, .neurons = {69, 3}}};
    return network;
}

}  // namespace elm::test

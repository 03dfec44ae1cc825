// Benchmarks 1 to 4 of Brette et al. 2007, doi:10.1007/s10827-007-0038-6, after Vogels & Abbott
// 2005, doi:10.1523/JNEUROSCI.3508-05.2005: 3200 excitatory and 800 inhibitory neurons, each pair
// connected with a probability of 0.02. They go on without any input. Delays, which the paper
// leaves out, are one step. At another scale the pairs are connected with another probability, so
// that each neuron keeps its 80 synapses, and with them its mean input and the noise of it.
//
// With conductances a smaller network falls silent so: all that keeps it going is that its neurons
// never pause together. Below scale 1 it is a part cut out of the whole, whose pairs are connected
// as they were; in place of the synapses that a neuron misses there are Poisson trains of the rate
// that the whole network has.

#include "kernels/core/support/check.h"
#include "network/benchmarks/benchmark.h"

namespace elm::network {
namespace {

constexpr double probability = 0.02, counts[] = {3200, 800};

struct Weights {
    double excitatory, inhibitory;
    double of(std::size_t from) const { return from == 0 ? excitatory : inhibitory; }
};

void connect(NetworkDescription& network, double pair_probability, const Weights& weights) {
    for (std::size_t from = 0; from < 2; ++from) {
        for (std::size_t to = 0; to < 2; ++to) {
            Connection connection{.from = from,
                                  .to = to,
                                  .rule = ConnectionRule::fixed_probability,
                                  .probability = pair_probability};
            connection.weight = Distribution::constant(weights.of(from));
            connection.delay_ms = Distribution::constant(network.time_step_ms);
            network.connections.push_back(connection);
        }
    }
}

void connect_all(NetworkDescription& network, double scale, const Weights& weights) {
    ELM_CHECK(
        scale >= probability,
        "a scale of {} leaves fewer neurons than a neuron has synapses, expected at least {}.",
        scale, probability);
    connect(network, probability / scale, weights);
}

/// `rate_hz`: of the whole network.
void connect_part(NetworkDescription& network, double scale, const Weights& weights,
                  double rate_hz) {
    if (scale >= 1) return connect_all(network, scale, weights);
    connect(network, probability, weights);
    for (std::size_t from = 0; from < 2; ++from) {
        const double missing = (1 - scale) * probability * counts[from];
        for (std::size_t to = 0; to < 2; ++to) {
            network.poisson.push_back(
                {.to = to, .rate_hz = missing * rate_hz, .weight = weights.of(from)});
        }
    }
}

NetworkDescription populations(double scale, const Population& like) {
    NetworkDescription network;
    network.duration_ms = 5000;
    network.discard_ms = 500;
    for (std::size_t p = 0; p < 2; ++p) {
        Population population = like;
        population.name = p == 0 ? "excitatory" : "inhibitory";
        population.size = detail::scaled_count(counts[p], scale);
        network.populations.push_back(population);
    }
    return network;
}

/// Start values of Brian2's documentation of COBAHH and COBA: normal, also below 0.
NetworkDescription coba(double scale) {
    Population neuron{.model = "lif_conductance"};  // whose defaults are those of this benchmark
    neuron.initial = {{"membrane_potential", Distribution::normal(-65, 5)},
                      {"excitatory_conductance", Distribution::normal(0.04, 0.015)},
                      {"inhibitory_conductance", Distribution::normal(0.2, 0.12)}};
    NetworkDescription network = populations(scale, neuron);
    network.name = "coba";
    connect_part(network, scale, {0.006, -0.067}, 19);
    return network;
}

NetworkDescription cobahh(double scale) {
    Population neuron{.model = "hh_traub"};  // likewise
    neuron.parameters = {{"threshold", Distribution::constant(-20)},
                         {"refractory_period", Distribution::constant(3)}};
    neuron.initial = {{"membrane_potential", Distribution::normal(-65, 5)},
                      {"excitatory_conductance", Distribution::normal(0.04, 0.015)},
                      {"inhibitory_conductance", Distribution::normal(0.2, 0.12)},
                      {"sodium_activation", Distribution::constant(0)},
                      {"sodium_inactivation", Distribution::constant(0)},
                      {"potassium_activation", Distribution::constant(0)}};
    NetworkDescription network = populations(scale, neuron);
    network.name = "cobahh";
    network.duration_ms = 2000;
    connect_part(network, scale, {0.006, -0.067}, 36);
    return network;
}

NetworkDescription cuba(double scale) {
    Population neuron{.model = "lif_exponential"};
    neuron.parameters = {{"tau_m", Distribution::constant(20)},
                         {"membrane_capacitance", Distribution::constant(0.2)},
                         {"resting_potential", Distribution::constant(-49)},
                         {"threshold", Distribution::constant(-50)},
                         {"reset_potential", Distribution::constant(-60)},
                         {"refractory_period", Distribution::constant(5)},
                         {"tau_excitatory", Distribution::constant(5)},
                         {"tau_inhibitory", Distribution::constant(10)}};
    neuron.initial = {{"membrane_potential", Distribution::uniform(-60, -50)}};
    NetworkDescription network = populations(scale, neuron);
    network.name = "cuba";
    connect_all(network, scale, {0.0162, -0.09});  // 1.62 mV and -9 mV times C / tau_m
    return network;
}

NetworkDescription cuba_exact(double scale) {
    Population neuron{.model = "lif"};
    neuron.parameters = {{"tau_m", Distribution::constant(20)},
                         {"resting_potential", Distribution::constant(-49)},
                         {"threshold", Distribution::constant(-50)},
                         {"reset_potential", Distribution::constant(-60)},
                         {"refractory_period", Distribution::constant(5)}};
    neuron.initial = {{"membrane_potential", Distribution::uniform(-60, -50)}};
    NetworkDescription network = populations(scale, neuron);
    network.name = "cuba-exact";
    network.time_step_ms = 0.125;
    connect_all(network, scale, {0.25, -2.25});
    return network;
}

constexpr const char* brette = "Brette et al. 2007, doi:10.1007/s10827-007-0038-6";

}  // namespace

std::vector<Benchmark> detail::vogels_abbott_benchmarks() {
    return {{.name = "coba",
             .summary = "4000 LIF neurons with conductances, irregular bursts",
             .source = brette,
             .make = coba,
             .reference = "Brian2 2.9.0, exponential Euler, delay 0, 0.5 to 5 s",
             .values = {{"excitatory", "rate_hz", 19.02, 1.20, 7},
                        {"inhibitory", "rate_hz", 19.26, 0.71, 7},
                        {"excitatory", "cv_isi", 1.778, 0.047, 7}}},
            {.name = "cuba",
             .summary = "4000 LIF neurons with currents, irregular",
             .source = brette,
             .make = cuba,
             .reference = "Brian2 2.9.0, exact, delay 0, 0.5 to 5 s",
             .values = {{"excitatory", "rate_hz", 5.61, 0.33, 7},
                        {"inhibitory", "rate_hz", 5.59, 0.09, 7},
                        {"excitatory", "cv_isi", 0.688, 0.012, 7}}},
            {.name = "cobahh",
             .summary = "4000 Hodgkin-Huxley neurons with conductances",
             .source = brette,
             .make = cobahh,
             .reference = "Brian2 2.5.1, exponential Euler, delay 0, 0.5 to 2 s",
             .values = {{"excitatory", "rate_hz", 36.22, 3.36, 3},
                        {"inhibitory", "rate_hz", 35.92, 2.10, 3},
                        {"excitatory", "cv_isi", 2.275, 0.069, 3}}},
            {.name = "cuba-exact",
             .summary = "4000 LIF neurons with voltage jumps, for exact spike times",
             .source = brette,
             .make = cuba_exact}};
}

}  // namespace elm::network

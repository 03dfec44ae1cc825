// Model A of Brunel 2000, doi:10.1023/A:1008925309027: 10,000 excitatory and 2500 inhibitory LIF
// neurons with voltage jumps of 0.1 mV, each with 1000 and 250 recurrent synapses and a Poisson
// train of eta times the rate that would bring a neuron just to threshold. At another scale
// neurons and synapses are fewer and the jumps larger, so that the mean input stays.

#include "kernels/core/support/check.h"
#include "network/benchmarks/benchmark.h"

namespace elm::network {
namespace {

constexpr double tau_m = 20, threshold = 20, jump = 0.1, delay_ms = 1.5;
constexpr double n_excitatory = 10000, n_inhibitory = 2500, connectivity = 0.1;

struct Regime {
    const char* name;
    double g, eta, duration_ms;
};

NetworkDescription brunel(double scale, const Regime& regime) {
    NetworkDescription network;
    network.name = regime.name;
    network.duration_ms = regime.duration_ms;
    network.discard_ms = 200;
    const double weight = jump / scale;
    for (const auto& [name, count] :
         {std::pair{"excitatory", n_excitatory}, {"inhibitory", n_inhibitory}}) {
        Population population{
            .name = name, .size = detail::scaled_count(count, scale), .model = "lif"};
        population.parameters = {{"tau_m", Distribution::constant(tau_m)},
                                 {"resting_potential", Distribution::constant(0)},
                                 {"threshold", Distribution::constant(threshold)},
                                 {"reset_potential", Distribution::constant(10)},
                                 {"refractory_period", Distribution::constant(2)}};
        population.initial = {{"membrane_potential", Distribution::uniform(0, threshold)}};
        network.populations.push_back(population);
    }
    for (std::size_t from = 0; from < 2; ++from) {
        const double count = from == 0 ? n_excitatory : n_inhibitory;
        for (std::size_t to = 0; to < 2; ++to) {
            Connection connection{.from = from,
                                  .to = to,
                                  .rule = ConnectionRule::fixed_in_degree,
                                  .degree = detail::scaled_count(connectivity * count, scale)};
            connection.weight = Distribution::constant(from == 0 ? weight : -regime.g * weight);
            connection.delay_ms = Distribution::constant(delay_ms);
            network.connections.push_back(connection);
        }
    }
    // eta C_E nu_thr with nu_thr = theta / (J C_E tau_m), in 1/s.
    const double rate = regime.eta * threshold / (weight * tau_m) * 1000;
    for (std::size_t to = 0; to < 2; ++to) {
        network.poisson.push_back({.to = to, .rate_hz = rate, .weight = weight});
    }
    return network;
}

NetworkDescription irregular(double scale) { return brunel(scale, {"brunel", 5, 2, 1500}); }
NetworkDescription regular(double scale) { return brunel(scale, {"brunel-regular", 3, 2, 700}); }
NetworkDescription fast(double scale) { return brunel(scale, {"brunel-fast", 6, 4, 1500}); }
NetworkDescription slow(double scale) { return brunel(scale, {"brunel-slow", 4.5, 0.9, 1500}); }

}  // namespace

std::vector<Benchmark> detail::brunel_benchmarks() {
    const auto of = [](const char* name, const char* summary, NetworkDescription (*make)(double),
                       std::vector<ReferenceValue> values) {
        return Benchmark{.name = name,
                         .summary = summary,
                         .source = "Brunel 2000, doi:10.1023/A:1008925309027",
                         .make = make,
                         .least_intervals = 3,
                         .reference = "a plain program in the order of NEST, 0.2 to 1.5 s",
                         .values = std::move(values)};
    };
    return {of("brunel", "model A, panel C: asynchronous irregular", irregular,
               {{"excitatory", "rate_hz", 37.46, 0.15, 5},
                {"inhibitory", "rate_hz", 37.62, 0.10, 5},
                {"excitatory", "cv_isi", 0.425, 0.002, 5}}),
            of("brunel-regular", "model A, panel A: synchronous regular", regular,
               {{"excitatory", "rate_hz", 332.95, 0.07, 3},
                {"inhibitory", "rate_hz", 332.94, 0.10, 3}}),
            of("brunel-fast", "model A, panel B: synchronous irregular, fast", fast,
               {{"excitatory", "rate_hz", 58.56, 0.23, 5},
                {"inhibitory", "rate_hz", 58.92, 0.21, 5},
                {"excitatory", "cv_isi", 0.808, 0.024, 5}}),
            of("brunel-slow", "model A, panel D: synchronous irregular, slow", slow,
               {{"excitatory", "rate_hz", 5.72, 0.25, 5},
                {"inhibitory", "rate_hz", 5.76, 0.22, 5},
                {"excitatory", "cv_isi", 0.580, 0.008, 5}})};
}

}  // namespace elm::network

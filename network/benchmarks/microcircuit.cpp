// The cortical microcircuit of Potjans & Diesmann 2014, doi:10.1093/cercor/bhs358: 77,169 LIF
// neurons of four layers and 0.3 * 10^9 synapses below one square millimetre.
//
// At a scale k < 1 there are k times the neurons and k times the synapses of each; weights grow by
// 1 / sqrt(k), which keeps the variance of the input, and a constant current keeps its mean
// (van Albada, Helias & Diesmann 2015, doi:10.1371/journal.pcbi.1004490).

#include <array>
#include <cmath>

#include "kernels/core/support/check.h"
#include "network/benchmarks/benchmark.h"

namespace elm::network {
namespace {

constexpr std::size_t n_populations = 8;
constexpr std::array<const char*, n_populations> names{"L23E", "L23I", "L4E", "L4I",
                                                       "L5E",  "L5I",  "L6E", "L6I"};
constexpr std::array<double, n_populations> sizes{20683, 5834, 21915, 5479,
                                                  4850,  1065, 14395, 2948};
constexpr std::array<double, n_populations> external{1600, 1500, 2100, 1900,
                                                     2000, 1900, 2900, 2100};
/// Probability that a pair is connected: row target, column source. Table 5 of the paper.
constexpr double probability[n_populations][n_populations] = {
    {.1009, .1689, .0437, .0818, .0323, 0, .0076, 0},
    {.1346, .1371, .0316, .0515, .0755, 0, .0042, 0},
    {.0077, .0059, .0497, .1350, .0067, .0003, .0453, 0},
    {.0691, .0029, .0794, .1597, .0033, 0, .1057, 0},
    {.1004, .0622, .0505, .0057, .0831, .3726, .0204, 0},
    {.0548, .0269, .0257, .0022, .0600, .3158, .0086, 0},
    {.0156, .0066, .0211, .0166, .0572, .0197, .0396, .2252},
    {.0364, .0010, .0034, .0005, .0277, .0080, .0658, .1443}};
/// Start and rates of the published code (INM-6/microcircuit-PD14-model): the start leaves the
/// network near its steady state, the rates (1/s) are those of the full network.
constexpr std::array<double, n_populations> start_mean{-68.28, -63.16, -63.33, -63.45,
                                                       -63.11, -61.66, -66.72, -61.43};
constexpr std::array<double, n_populations> start_deviation{5.36, 4.57, 4.74, 4.94,
                                                            4.94, 4.55, 5.46, 4.48};
constexpr std::array<double, n_populations> full_rates{0.903, 2.965, 4.414, 5.876,
                                                       7.569, 8.633, 1.105, 7.829};
constexpr double background_hz = 8, tau_syn = 0.5;

/// Current in nA that a synaptic potential of 0.15 mV needs; tau_m 10 ms, C 0.25 nF.
double unit_weight() {
    constexpr double tau_m = 10, capacitance = 0.25, psp = 0.15;
    const double ratio = tau_syn / tau_m;
    const double peak =
        std::pow(ratio, tau_syn / (tau_m - tau_syn)) - std::pow(ratio, tau_m / (tau_m - tau_syn));
    return psp * capacitance * (tau_m - tau_syn) / (tau_m * tau_syn * peak);
}

bool is_excitatory(std::size_t population) { return population % 2 == 0; }

double mean_weight(std::size_t to, std::size_t from) {
    if (!is_excitatory(from)) return -4 * unit_weight();
    return (to == 0 && from == 2 ? 2 : 1) * unit_weight();  // L4E to L23E has twice the weight
}

/// Synapses of a pair of populations, drawn with replacement, that leave the probability of a pair.
double total_synapses(std::size_t to, std::size_t from) {
    return std::round(std::log1p(-probability[to][from]) /
                      std::log1p(-1 / (sizes[to] * sizes[from])));
}

/// What a neuron misses at scale k, nA: charge times rate of the synapses that are not there.
double missing_current(std::size_t to, double scale, bool has_poisson) {
    double charge_rate = 0;  // nA ms / s
    for (std::size_t from = 0; from < n_populations; ++from) {
        charge_rate +=
            mean_weight(to, from) * total_synapses(to, from) / sizes[to] * full_rates[from];
    }
    if (has_poisson) charge_rate += unit_weight() * external[to] * background_hz;
    return 0.001 * tau_syn * (1 - std::sqrt(scale)) * charge_rate;
}

NetworkDescription microcircuit(double scale, bool has_poisson) {
    ELM_CHECK(scale > 0 && scale <= 1, "a scale of {}, expected above 0 and at most 1.", scale);
    NetworkDescription network;
    network.name = has_poisson ? "microcircuit" : "microcircuit-dc";
    network.duration_ms = 3500;
    network.discard_ms = 500;
    for (std::size_t p = 0; p < n_populations; ++p) {
        Population population{.name = names[p],
                              .size = detail::scaled_count(sizes[p], scale),
                              .model = "lif_exponential"};  // with its defaults
        double current = missing_current(p, scale, has_poisson);
        if (!has_poisson) current += 0.001 * tau_syn * unit_weight() * external[p] * background_hz;
        population.parameters["constant_current"] = Distribution::constant(current);
        population.initial["membrane_potential"] =
            Distribution::normal(start_mean[p], start_deviation[p]);
        network.populations.push_back(population);
        if (!has_poisson) continue;
        network.poisson.push_back({.to = p,
                                   .rate_hz = background_hz * external[p] * scale,
                                   .weight = unit_weight() / std::sqrt(scale)});
    }
    for (std::size_t to = 0; to < n_populations; ++to) {
        for (std::size_t from = 0; from < n_populations; ++from) {
            if (probability[to][from] == 0) continue;
            Connection connection{.from = from, .to = to, .rule = ConnectionRule::fixed_total};
            connection.degree = std::llround(total_synapses(to, from) * scale * scale);
            const double weight = mean_weight(to, from) / std::sqrt(scale);
            connection.weight = weight > 0 ? Distribution::normal(weight, 0.1 * weight, 0)
                                           : Distribution::normal(weight, -0.1 * weight, -1e6, 0);
            const double delay = is_excitatory(from) ? 1.5 : 0.75;
            connection.delay_ms = Distribution::normal(delay, delay / 2, network.time_step_ms / 2);
            network.connections.push_back(connection);
        }
    }
    return network;
}

NetworkDescription with_poisson(double scale) { return microcircuit(scale, true); }
NetworkDescription with_current(double scale) { return microcircuit(scale, false); }

std::vector<ReferenceValue> values_of(const std::array<double, n_populations>& rates,
                                      const std::array<double, n_populations>& cv, int runs) {
    std::vector<ReferenceValue> values;
    for (std::size_t p = 0; p < n_populations; ++p) {
        values.push_back({names[p], "rate_hz", rates[p], 0, runs});
        values.push_back({names[p], "cv_isi", cv[p], 0, runs});
    }
    return values;
}

}  // namespace

std::vector<Benchmark> detail::microcircuit_benchmarks() {
    const char* const source = "Potjans & Diesmann 2014, doi:10.1093/cercor/bhs358";
    return {{.name = "microcircuit",
             .summary = "cortical microcircuit, Poisson background",
             .source = source,
             .make = with_poisson,
             .least_intervals = 2,
             .reference = "a plain program in the order of NEST, 0.5 to 3.5 s",
             .values = values_of({0.92, 2.97, 4.38, 5.87, 7.52, 8.63, 1.10, 7.82},
                                 {0.72, 0.76, 0.76, 0.77, 0.75, 0.74, 0.73, 0.74}, 2)},
            {.name = "microcircuit-dc",
             .summary = "cortical microcircuit, constant background current",
             .source = source,
             .make = with_current,
             .least_intervals = 2,
             .reference = "a plain program in the order of NEST, 0.5 to 3.5 s",
             .values = values_of({0.94, 2.99, 4.18, 5.71, 8.09, 8.49, 1.10, 7.67},
                                 {0.72, 0.75, 0.74, 0.75, 0.73, 0.70, 0.71, 0.69}, 3)}};
}

}  // namespace elm::network

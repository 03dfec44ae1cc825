// The input of the NeuronIO data: against a naive replay of the recipe, and against the statistics
// that follow from it.

#include "tasks/neuronio/input_protocol.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tasks/data/spikes/spike_file.h"
#include "tasks/neuronio/protocol_spikes.h"

namespace elm {
namespace {

constexpr int duration_ms = 6000;

/// A cell of the size of the published one: 262 basal and 377 apical sites.
InputSites cell_sites() {
    InputSites sites;
    sites.tree_count = 2;
    for (int at = 0; at < 639; ++at) {
        sites.length_um.push_back(10 + 5 * (at % 5));
        sites.tree.push_back(at < 262 ? 0 : 1);
    }
    return sites;
}

/// Rates of one synapse, smoothed as the recipe says it: hold, then add up term by term.
std::vector<double> smoothed(const InputRates& rates, std::size_t synapse, int n) {
    std::vector<double> held;
    for (int t = 0; t < n; ++t) {
        held.push_back(rates.rate[synapse * static_cast<std::size_t>(rates.interval_count) +
                                  static_cast<std::size_t>(t / rates.interval_ms)]);
    }
    const std::vector<double> weights = smoothing_weights(rates.width_ms);
    const int centre = (static_cast<int>(weights.size()) - 1) / 2;
    std::vector<double> out(held.size(), 0);
    for (int t = 0; t < n; ++t) {
        for (int j = 0; j < static_cast<int>(weights.size()); ++j) {
            const int from = t + centre - j;
            if (from < 0 || from >= n) continue;
            out[static_cast<std::size_t>(t)] +=
                held[static_cast<std::size_t>(from)] * weights[static_cast<std::size_t>(j)];
        }
    }
    return out;
}

TEST(InputProtocol, spikes_are_those_of_the_naive_recipe) {
    const InputSites sites{{5, 20, 40, 12, 33}, {0, 0, 1, 1, 1}, 2};
    for (const std::uint64_t index : {0u, 1u, 7u}) {
        for (const int n : {1, 63, 64, 1501}) {
            const InputRates rates = draw_input_rates(sites, n, 11, index);
            std::set<std::pair<int, int>> expected;
            for (int synapse = 0; synapse < 10; ++synapse) {
                const std::vector<double> rate =
                    smoothed(rates, static_cast<std::size_t>(synapse), n);
                for (int t = 0; t < n; ++t) {
                    const double r = rate[static_cast<std::size_t>(t)];
                    if (spike_draw(11, index, n, synapse, t) < r * (1 - std::exp(-1 / r))) {
                        expected.insert({t, synapse});
                    }
                }
            }
            const InputSpikes spikes = draw_input_spikes(sites, n, 11, index);
            std::vector<std::pair<int, int>> found;
            for (std::size_t at = 0; at < spikes.time_ms.size(); ++at) {
                found.emplace_back(spikes.time_ms[at], spikes.synapse[at]);
            }
            EXPECT_EQ(found, std::vector(expected.begin(), expected.end())) << index << " " << n;
        }
    }
}

TEST(InputProtocol, the_smoothing_is_a_gaussian_of_sum_1) {
    for (const int width : {6, 25, 44}) {
        const std::vector<double> w = smoothing_weights(width);
        ASSERT_EQ(w.size(), static_cast<std::size_t>(7 * width + 1));
        EXPECT_NEAR(std::accumulate(w.begin(), w.end(), 0.0), 1, 1e-14);
        for (std::size_t j = 0; j < w.size(); ++j) EXPECT_EQ(w[j], w[w.size() - 1 - j]);
        // One standard deviation (width bins) from another point of the bell.
        const double from = 3.5 * width - 2 * width, to = 3.5 * width - width;
        if (width % 2 == 0) {
            EXPECT_NEAR(w[static_cast<std::size_t>(from)] / w[static_cast<std::size_t>(to)],
                        std::exp(-1.5), 1e-14);
        }
    }
}

TEST(InputProtocol, coarse_rates_keep_to_their_ranges) {
    const InputSites sites = cell_sites();
    double weight[2] = {0, 0};
    for (std::size_t at = 0; at < sites.tree.size(); ++at) {
        weight[sites.tree[at]] += sites.length_um[at] + 10;
    }
    int zero_shifts = 0, count = 0;
    const std::set<int> whole = {25, 30, 35, 40, 45,  55,  60,  65,  70,
                                 75, 80, 85, 90, 100, 150, 200, 300, 450};
    for (std::uint64_t index = 0; index < 200; ++index) {
        const InputRates rates = draw_input_rates(sites, duration_ms, 3, index);
        EXPECT_GE(rates.interval_ms, 6);
        EXPECT_LE(rates.interval_ms, 469);
        EXPECT_GE(rates.width_ms, 6);
        EXPECT_LE(rates.width_ms, 619);
        EXPECT_EQ(rates.interval_count, static_cast<int>(std::ceil(6000.0 / rates.interval_ms)));
        if (rates.interval_ms > 269) {  // 300 and 450 alone reach there, and do not overlap
            ++count;
            zero_shifts += rates.interval_ms == 300 || rates.interval_ms == 450 ? 1 : 0;
        }
        for (std::size_t site = 0; site < 639; site += 71) {
            const double share = (sites.length_um[site] + 10) / (100 * weight[sites.tree[site]]);
            const auto n = static_cast<std::size_t>(rates.interval_count);
            for (std::size_t i = 0; i < n; ++i) {
                const double excitation = rates.rate[site * n + i] / share;
                const double inhibition = rates.rate[(639 + site) * n + i] / share;
                EXPECT_GE(excitation, 0);
                EXPECT_LT(excitation, 1.5 * 800);
                EXPECT_GE(inhibition, 0);
                EXPECT_LT(inhibition, 1.5 * 1000);
            }
        }
    }
    EXPECT_GT(count, 8);
    EXPECT_LT(zero_shifts, count);
}

/// Counts of one simulation that the statistics need.
struct Counts {
    double excitation = 0, inhibition = 0, at_zero = 0, edge = 0, middle = 0;
    double window_sd = 0, correlation = 0;
    std::vector<double> per_site;
};

Counts count(const InputSites& sites, std::uint64_t seed, std::uint64_t index) {
    const InputSpikes input = draw_input_spikes(sites, duration_ms, seed, index);
    Counts counts;
    counts.per_site.assign(639, 0);
    std::vector<double> basal(60, 0), exc(120, 0), inh(120, 0);
    for (std::size_t at = 0; at < input.time_ms.size(); ++at) {
        const int t = input.time_ms[at];
        const auto synapse = static_cast<std::size_t>(input.synapse[at]);
        const bool excites = synapse < 639;
        (excites ? counts.excitation : counts.inhibition) += 1;
        counts.at_zero += t == 0 ? 1 : 0;
        counts.edge += t < 50 || t >= duration_ms - 50 ? 1 : 0;
        counts.middle += t >= 2500 && t < 3500 ? 1 : 0;
        counts.per_site[synapse % 639] += 1;
        (excites ? exc : inh)[static_cast<std::size_t>(t / 50)] += 1;
        if (synapse < 262) basal[static_cast<std::size_t>(t / 100)] += 1;
    }
    const auto mean = [](const std::vector<double>& v) {
        return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
    };
    const auto covariance = [&](const std::vector<double>& a, const std::vector<double>& b) {
        const double ma = mean(a), mb = mean(b);
        double sum = 0;
        for (std::size_t k = 0; k < a.size(); ++k) sum += (a[k] - ma) * (b[k] - mb);
        return sum / static_cast<double>(a.size());
    };
    counts.window_sd = std::sqrt(covariance(basal, basal));
    counts.correlation =
        covariance(exc, inh) / std::sqrt(covariance(exc, exc) * covariance(inh, inh));
    return counts;
}

struct Estimate {
    double mean = 0, standard_error = 0;
};

Estimate estimate(const std::vector<Counts>& all, auto&& of) {
    double sum = 0, squares = 0;
    for (const Counts& counts : all) {
        sum += of(counts);
        squares += of(counts) * of(counts);
    }
    const auto n = static_cast<double>(all.size());
    return {sum / n, std::sqrt((squares / n - sum / n * sum / n) / (n - 1))};
}

const std::vector<Counts>& many_simulations() {
    static const std::vector<Counts> all = [] {
        std::vector<Counts> counts(96);
        const InputSites sites = cell_sites();
        Cpu::for_each_task(96, [&](std::int64_t index) {
            counts[static_cast<std::size_t>(index)] =
                count(sites, 20, static_cast<std::uint64_t>(index));
        });
        return counts;
    }();
    return all;
}

/// Means agree within four standard errors of both.
void expect_mean(const Estimate& ours, double theirs, double their_error) {
    EXPECT_NEAR(ours.mean, theirs, 4 * std::hypot(ours.standard_error, their_error));
}

// The published figures are those of 64 simulations of neuronio_test.h5 and their standard errors.
TEST(InputProtocol, rates_are_those_of_the_recipe) {
    // 400 and 312.5 spikes of each tree per 100 ms, times the loss at both ends: half the rate is
    // missing over 2 * 0.399 S, of mean S.
    const double mean_width =
        (25 + 30 + 35 + 40 + 50 + 60 + 80 + 100 + 150 + 200 + 300 + 400 + 500 + 600) / 14.0;
    const double kept = 1 - 2 * 0.3989 * mean_width / duration_ms;
    const auto& all = many_simulations();
    expect_mean(estimate(all, [](const Counts& c) { return c.excitation / 6; }), 8000 * kept, 0);
    expect_mean(estimate(all, [](const Counts& c) { return c.inhibition / 6; }), 6250 * kept, 0);
    expect_mean(estimate(all, [](const Counts& c) { return c.excitation / 6; }), 7914, 53);
    expect_mean(estimate(all, [](const Counts& c) { return c.inhibition / 6; }), 6223, 54);
}

TEST(InputProtocol, windows_vary_as_in_the_published_data) {
    const auto& all = many_simulations();
    expect_mean(estimate(all, [](const Counts& c) { return c.window_sd; }), 115.5, 5.5);
    expect_mean(estimate(all, [](const Counts& c) { return c.correlation; }), 0.636, 0.018);
}

TEST(InputProtocol, rates_sag_at_both_ends) {
    const auto& all = many_simulations();
    // 14.25 events per ms in the middle; the first and last 50 ms see the middle of the Gaussian:
    // a half, and up to 50 ms more of it.
    expect_mean(estimate(all, [](const Counts& c) { return c.middle / 1000; }), 14.25, 0);
    const Estimate edge = estimate(all, [](const Counts& c) { return c.edge / 100; });
    EXPECT_LT(edge.mean, 0.8 * 14.25);
    EXPECT_GT(edge.mean, 0.5 * 14.25);
    expect_mean(edge, 9.5, edge.standard_error);
    // 1278 synapses of 14.25 / 1278 events per ms, half of it at the end, in the bin of t = 0.
    expect_mean(estimate(all, [](const Counts& c) { return c.at_zero; }), 14.25 / 2,
                std::sqrt(14.25 / 2 / 96));
}

TEST(InputProtocol, sites_fire_in_proportion_to_their_weight) {
    const InputSites sites = cell_sites();
    double weight[2] = {0, 0}, fired[2] = {0, 0}, by_length[2][5] = {}, weight_of[2][5] = {};
    for (std::size_t at = 0; at < 639; ++at) weight[sites.tree[at]] += sites.length_um[at] + 10;
    for (const Counts& counts : many_simulations()) {
        for (std::size_t at = 0; at < 639; ++at) {
            fired[sites.tree[at]] += counts.per_site[at];
            by_length[sites.tree[at]][at % 5] += counts.per_site[at];
        }
    }
    for (std::size_t at = 0; at < 639; ++at) {
        weight_of[sites.tree[at]][at % 5] += (sites.length_um[at] + 10) / weight[sites.tree[at]];
    }
    for (int tree = 0; tree < 2; ++tree) {
        for (int kind = 0; kind < 5; ++kind) {
            // Of about 0.4 M events: counting, and the factor U(0.5, 1.5) of about 50 sites in 96
            // simulations of 20 intervals and more, for excitation and inhibition.
            const double share = weight_of[tree][kind];
            const double factor_error = std::sqrt(1 / 12.0 / (50 * 96 * 20));
            const double allowed =
                5 * share * (factor_error + 1 / std::sqrt(by_length[tree][kind]));
            EXPECT_NEAR(by_length[tree][kind] / fired[tree], share, allowed) << tree << kind;
        }
    }
}

TEST(InputProtocol, a_simulation_is_the_same_whatever_else_is_made) {
    const InputSites sites = cell_sites();
    const InputSpikes first = draw_input_spikes(sites, 500, 5, 9);
    draw_input_spikes(sites, 700, 5, 8);
    const InputSpikes again = draw_input_spikes(sites, 500, 5, 9);
    EXPECT_EQ(first.time_ms, again.time_ms);
    EXPECT_EQ(first.synapse, again.synapse);
    EXPECT_NE(first.synapse, draw_input_spikes(sites, 500, 6, 9).synapse);
    EXPECT_NE(first.synapse, draw_input_spikes(sites, 500, 5, 10).synapse);
}

TEST(InputProtocol, is_a_source_on_any_grid) {
    const InputSites sites = cell_sites();
    const auto shared = std::make_shared<const InputSites>(sites);
    constexpr int short_ms = 2000;
    const InputSpikes drawn = draw_input_spikes(sites, short_ms, 5, 9);
    ASSERT_GT(drawn.time_ms.size(), 16384u) << "one block of the listing would hold them all";
    for (const double steps_per_ms : {1.0, 8.0, 40.0}) {
        const auto all = static_cast<std::int64_t>(short_ms * steps_per_ms);
        const SampleInput input =
            open_spikes(protocol_spikes(shared, short_ms, 5, 9), 1278, 1 / steps_per_ms);
        EXPECT_EQ(input.name, "sim_00009");
        ASSERT_EQ(input.n_steps, all);
        std::size_t at = 0;
        for (std::int64_t begin = 0; begin < all; begin += all / 4) {
            const SpikeTrain part = input.source->next(all / 4);
            for (std::int64_t step = 0; step < part.n_steps; ++step) {
                for (const std::int32_t unit : part.row(0, step)) {
                    ASSERT_LT(at, drawn.synapse.size());
                    EXPECT_EQ(unit, drawn.synapse[at]);
                    EXPECT_EQ(static_cast<double>(begin + step), drawn.time_ms[at] * steps_per_ms);
                    ++at;
                }
            }
        }
        EXPECT_EQ(at, drawn.synapse.size());
    }
}

TEST(InputProtocol, what_makes_no_sense_is_refused) {
    EXPECT_THROW(draw_input_spikes({{}, {}, 0}, 100, 0, 0), Error);
    EXPECT_THROW(draw_input_spikes({{1, 2}, {0}, 1}, 100, 0, 0), Error);
    EXPECT_THROW(draw_input_spikes({{1}, {1}, 1}, 100, 0, 0), Error);
    EXPECT_THROW(draw_input_spikes({{-1}, {0}, 1}, 100, 0, 0), Error);
    EXPECT_THROW(draw_input_spikes({{1}, {0}, 1}, 0, 0, 0), Error);
    const auto site = std::make_shared<const InputSites>(InputSites{{1}, {0}, 1});
    EXPECT_THROW(protocol_spikes(site, 0, 0, 0), Error);
}

}  // namespace
}  // namespace elm

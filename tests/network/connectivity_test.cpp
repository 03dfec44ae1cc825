// Rules of connection: degrees, independence of how the targets are cut, and the rows made of them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "network/connectivity/projection.h"
#include "network/connectivity/synapse_rows.h"
#include "network/time_stepped/poisson_counts.h"

namespace elm::test {
namespace {

using network::Connection;
using network::ConnectionRule;
using network::Distribution;
using network::DrawnSynapse;
using network::NetworkDescription;
using network::Projection;

NetworkDescription two_populations(Connection connection, std::int64_t n_sources,
                                   std::int64_t n_targets, bool onto_itself = false) {
    NetworkDescription network;
    network.seed = 5;
    network.populations = {{.name = "a", .size = n_sources, .model = "lif_exponential"},
                           {.name = "b", .size = n_targets, .model = "lif_exponential"}};
    connection.from = 0;
    connection.to = onto_itself ? 0 : 1;
    connection.delay_ms = Distribution::uniform(0.5, 2.5);
    connection.weight = Distribution::normal(1, 0.1);
    network.connections = {std::move(connection)};
    return network;
}

std::vector<DrawnSynapse> synapses_of(const NetworkDescription& network, std::int64_t pieces = 1) {
    const Projection projection(network, 0);
    std::vector<DrawnSynapse> all;
    const std::int64_t n = projection.n_targets();
    for (std::int64_t i = 0; i < pieces; ++i) {
        projection.for_each_synapse(n * i / pieces, n * (i + 1) / pieces,
                                    [&](const DrawnSynapse& drawn) { all.push_back(drawn); });
    }
    return all;
}

std::vector<std::int64_t> degrees(const std::vector<DrawnSynapse>& synapses, std::int64_t n,
                                  std::int64_t DrawnSynapse::*end) {
    std::vector<std::int64_t> counts(static_cast<std::size_t>(n));
    for (const DrawnSynapse& drawn : synapses) ++counts.at(static_cast<std::size_t>(drawn.*end));
    return counts;
}

bool is_before(const DrawnSynapse& a, const DrawnSynapse& b) {
    return std::tie(a.source, a.target, a.weight_word, a.delay_word) <
           std::tie(b.source, b.target, b.weight_word, b.delay_word);
}

class Rules : public ::testing::TestWithParam<ConnectionRule> {};

TEST_P(Rules, do_not_depend_on_how_the_targets_are_cut) {
    Connection connection{.rule = GetParam(), .probability = 0.1, .degree = 7};
    if (GetParam() == ConnectionRule::list) {
        connection.sources = {3, 1, 1, 0};
        connection.targets = {0, 99, 5, 5};
    }
    const NetworkDescription network = two_populations(connection, 100, 100);
    auto whole = synapses_of(network), cut = synapses_of(network, 3);
    ASSERT_EQ(whole.size(), cut.size());
    EXPECT_FALSE(whole.empty());
    std::stable_sort(whole.begin(), whole.end(), is_before);
    std::stable_sort(cut.begin(), cut.end(), is_before);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        EXPECT_FALSE(is_before(whole[i], cut[i]) || is_before(cut[i], whole[i])) << i;
    }
}
INSTANTIATE_TEST_SUITE_P(All, Rules,
                         ::testing::Values(ConnectionRule::all_to_all, ConnectionRule::one_to_one,
                                           ConnectionRule::fixed_probability,
                                           ConnectionRule::fixed_in_degree,
                                           ConnectionRule::fixed_out_degree,
                                           ConnectionRule::fixed_total, ConnectionRule::list));

TEST(ConnectionRules, fixed_degrees_are_fixed) {
    const auto in = synapses_of(
        two_populations({.rule = ConnectionRule::fixed_in_degree, .degree = 9}, 300, 200));
    for (const std::int64_t degree : degrees(in, 200, &DrawnSynapse::target)) EXPECT_EQ(degree, 9);
    const auto out = synapses_of(
        two_populations({.rule = ConnectionRule::fixed_out_degree, .degree = 9}, 300, 200));
    for (const std::int64_t degree : degrees(out, 300, &DrawnSynapse::source)) EXPECT_EQ(degree, 9);
    const auto total = synapses_of(
        two_populations({.rule = ConnectionRule::fixed_total, .degree = 12345}, 300, 200));
    EXPECT_EQ(total.size(), 12345u);
}

/// Counts of draws within four standard deviations of what the binomial law has.
TEST(ConnectionRules, draws_are_even) {
    constexpr std::int64_t n = 400;
    const auto within = [&](const std::vector<std::int64_t>& counts, double trials, double p) {
        double square = 0;
        for (const std::int64_t count : counts) {
            square += std::pow(static_cast<double>(count) - trials * p, 2) / (trials * p * (1 - p));
        }
        const double bins = static_cast<double>(counts.size());
        EXPECT_NEAR(square, bins, 4 * std::sqrt(2 * bins));  // chi-squared
    };
    const auto pairs = synapses_of(
        two_populations({.rule = ConnectionRule::fixed_probability, .probability = 0.05}, n, n));
    within(degrees(pairs, n, &DrawnSynapse::source), n, 0.05);
    within(degrees(pairs, n, &DrawnSynapse::target), n, 0.05);
    const auto drawn =
        synapses_of(two_populations({.rule = ConnectionRule::fixed_in_degree, .degree = 40}, n, n));
    within(degrees(drawn, n, &DrawnSynapse::source), 40.0 * n, 1.0 / n);
    const auto total =
        synapses_of(two_populations({.rule = ConnectionRule::fixed_total, .degree = 40 * n}, n, n));
    within(degrees(total, n, &DrawnSynapse::source), 40.0 * n, 1.0 / n);
    within(degrees(total, n, &DrawnSynapse::target), 40.0 * n, 1.0 / n);
}

TEST(ConnectionRules, leave_out_autapses_and_multapses) {
    for (const std::int64_t degree : {5, 30, 49}) {
        for (const auto rule :
             {ConnectionRule::fixed_in_degree, ConnectionRule::fixed_out_degree}) {
            const auto drawn = synapses_of(two_populations(
                {.rule = rule, .degree = degree, .allow_autapses = false, .allow_multapses = false},
                50, 50, true));
            std::set<std::pair<std::int64_t, std::int64_t>> pairs;
            for (const DrawnSynapse& synapse : drawn) {
                EXPECT_NE(synapse.source, synapse.target);
                EXPECT_TRUE(pairs.emplace(synapse.source, synapse.target).second);
            }
            EXPECT_EQ(std::ssize(drawn), 50 * degree);
        }
    }
    const auto all = synapses_of(two_populations(
        {.rule = ConnectionRule::all_to_all, .allow_autapses = false}, 20, 20, true));
    EXPECT_EQ(all.size(), 380u);
}

/// Rows hold every drawn synapse once, in groups of rising delay.
TEST(SynapseRows, are_what_was_drawn_sorted_by_delay) {
    const NetworkDescription network =
        two_populations({.rule = ConnectionRule::fixed_probability, .probability = 0.3}, 40, 90);
    const Projection projection(network, 0);
    network::ProjectionPart part{&projection, 2, 10, 74, {1000}, {1000}, 0.1};
    const network::SynapseRows<double> rows({part}, 45);
    std::map<std::pair<std::int64_t, std::int64_t>, std::pair<double, double>> expected;
    const network::Draw weight(network.connections[0].weight),
        delay(network.connections[0].delay_ms);
    projection.for_each_synapse(10, 74, [&](const DrawnSynapse& drawn) {
        expected[{drawn.source + 2, drawn.target - 10 + 1000}] = {
            weight(drawn.weight_word, 0), std::round(delay(drawn.delay_word, 0) / 0.1)};
    });
    EXPECT_EQ(rows.n_synapses(), std::ssize(expected));
    for (std::int64_t source = 0; source < 45; ++source) {
        const network::Synapse<double>* head = rows.row(source);
        double last = 0;
        while (head != nullptr && head->slot > 0) {
            const double steps = head->weight;
            EXPECT_GT(steps, last);
            last = steps;
            for (std::uint32_t i = 0; i < head->slot; ++i) {
                const auto& synapse = head[i + 1];
                const auto found = expected.find({source, synapse.slot});
                ASSERT_NE(found, expected.end());
                const double drawn_weight = synapse.weight;
                EXPECT_EQ(drawn_weight, found->second.first);
                EXPECT_EQ(steps, found->second.second);
                expected.erase(found);
            }
            head += head->slot + 1;
        }
    }
    EXPECT_TRUE(expected.empty());
}

TEST(NormalQuantile, inverts_the_distribution_function) {
    for (const double p : {1e-10, 1e-5, 0.02425, 0.3, 0.5, 0.77, 0.999, 1 - 1e-9}) {
        const double x = network::normal_quantile(p);
        EXPECT_NEAR(0.5 * std::erfc(-x / std::sqrt(2.0)), p, 4e-15 + 1e-12 * p);
    }
    EXPECT_NEAR(network::normal_quantile(0.975), 1.959963984540054, 1e-14);
}

TEST(Distributions, a_cut_normal_has_the_mean_of_what_is_left) {
    // Mean of N(0, 1) above 0: sqrt(2 / pi).
    const network::Draw draw(Distribution::normal(0, 1, 0));
    double sum = 0;
    constexpr std::int64_t n = 100000;
    for (std::int64_t i = 0; i < n; ++i) {
        const double value = draw(random_word({3, 0, 0}, i), i);
        EXPECT_GE(value, 0);
        sum += value;
    }
    EXPECT_NEAR(sum / n, std::sqrt(2 / M_PI), 4 * std::sqrt((1 - 2 / M_PI) / n));
}

/// Mean and variance of a Poisson law are equal; also where a count is a sum of several.
TEST(PoissonCounts, have_the_moments_of_their_law) {
    for (const double mean : {0.003, 0.8, 2.3, 7.9, 20.0}) {
        const network::PoissonCounts poisson(mean);
        double sum = 0, square = 0;
        constexpr std::int64_t groups = 2000, n = groups * network::PoissonCounts::group;
        for (std::int64_t g = 0; g < groups; ++g) {
            std::uint32_t counts[network::PoissonCounts::group];
            poisson.draw({9, static_cast<std::uint64_t>(g), 0}, 0, counts);
            for (const std::uint32_t count : counts) {
                sum += count;
                square += static_cast<double>(count) * count;
            }
        }
        const double found = sum / n, variance = square / n - found * found;
        EXPECT_NEAR(found, mean, 4 * std::sqrt(mean / n));
        EXPECT_NEAR(variance, mean, 4 * std::sqrt((2 * mean * mean + mean) / n));
    }
}

/// A neuron's count does not depend on which neurons are drawn with it.
TEST(PoissonCounts, follow_from_the_number_of_the_neuron) {
    const network::PoissonCounts poisson(1.5);
    const RandomKey key{4, 17, 2};
    std::uint32_t counts[64];
    poisson.draw(key, 128, counts);
    for (std::int64_t i = 0; i < 64; ++i) {
        const std::uint32_t word =
            random_block(key, 128 / 4 + i % 16).word[static_cast<std::size_t>(i / 16)];
        double probability = std::exp(-1.5), below = probability;
        std::uint32_t count = 0;
        while (word >= static_cast<std::uint32_t>(below * 0x1p32)) {
            probability *= 1.5 / ++count;
            below += probability;
        }
        EXPECT_EQ(counts[i], count) << i;
    }
}

}  // namespace
}  // namespace elm::test

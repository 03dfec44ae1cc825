// Rules of connection: degrees, independence of how the targets are cut, and the rows made of them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include "network/connectivity/delay_steps.h"
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
        std::int64_t last = 0;
        while (head != nullptr && head->slot > 0) {
            const network::SynapseGroup<double> group(head);
            EXPECT_GT(group.delay(), last);
            last = group.delay();
            group.for_each([&](std::size_t slot, double drawn_weight) {
                const auto found = expected.find({source, static_cast<std::int64_t>(slot)});
                ASSERT_NE(found, expected.end());
                EXPECT_EQ(drawn_weight, found->second.first);
                EXPECT_EQ(static_cast<double>(last), found->second.second);
                expected.erase(found);
            });
            head = group.next_head();
        }
    }
    EXPECT_TRUE(expected.empty());
}

struct RowSynapse {
    std::int64_t delay;
    std::uint32_t slot;
    double weight;
    bool operator==(const RowSynapse&) const = default;
};

/// What stands in a row, in order.
template <class Real>
std::vector<RowSynapse> row_of(const network::SynapseRows<Real>& rows, std::int64_t source) {
    std::vector<RowSynapse> row;
    if (rows.row(source) == nullptr) return row;
    for (network::SynapseGroup<Real> group(rows.row(source)); !group.is_end();
         group = network::SynapseGroup<Real>(group.next_head())) {
        group.for_each([&](std::size_t slot, Real weight) {
            row.push_back(
                {group.delay(), static_cast<std::uint32_t>(slot), static_cast<double>(weight)});
        });
    }
    return row;
}

/// Three connections of a population, each of one weight and delay, so that groups are packed in
/// 2 bytes a synapse; in 4 where two lie far apart; and not where weights or few synapses meet.
template <class Real>
void expect_packed_rows(std::int64_t far_slot, double third_weight) {
    NetworkDescription network;
    network.populations = {{.name = "a", .size = 30, .model = "lif"},
                           {.name = "b", .size = 4000, .model = "lif"}};
    const auto connect = [&](double weight, double delay) {
        Connection connection{
            .from = 0, .to = 1, .rule = ConnectionRule::fixed_in_degree, .degree = 2};
        connection.weight = Distribution::constant(weight);
        connection.delay_ms = Distribution::constant(delay);
        network.connections.push_back(std::move(connection));
    };
    connect(0.25, 1.5);
    connect(-0.5, 0.7);
    connect(third_weight, 1.5);
    const std::int64_t slots[] = {10, 5000, far_slot};
    std::vector<std::unique_ptr<Projection>> projections;
    std::vector<network::ProjectionPart> parts;
    std::vector<std::vector<RowSynapse>> expected(32);
    for (std::size_t c = 0; c < 3; ++c) {
        projections.push_back(std::make_unique<Projection>(network, c));
        const network::SynapseTarget to{slots[c]};
        parts.push_back({projections[c].get(), 1, 64, 3990, to, to, 0.1});
        const Connection& connection = network.connections[c];
        projections[c]->for_each_synapse(64, 3990, [&](const DrawnSynapse& drawn) {
            expected[static_cast<std::size_t>(drawn.source + 1)].push_back(
                {std::llround(connection.delay_ms.first * 10),
                 static_cast<std::uint32_t>(slots[c] + drawn.target - 64),
                 connection.weight.first});
        });
    }
    const network::SynapseRows<Real> rows(parts, 32);
    for (std::size_t source = 0; source < 32; ++source) {
        std::stable_sort(
            expected[source].begin(), expected[source].end(),
            [](const RowSynapse& a, const RowSynapse& b) { return a.delay < b.delay; });
        EXPECT_EQ(row_of(rows, static_cast<std::int64_t>(source)), expected[source]) << source;
    }
    const bool far = far_slot > 70000, one_weight = third_weight == 0.25;
    const std::size_t of_others = one_weight ? (far ? 4 : 2) : sizeof(network::Synapse<Real>);
    const auto bytes =
        static_cast<double>(rows.n_synapses() / 3 * 2 +
                            rows.n_synapses() / 3 * 2 * static_cast<std::int64_t>(of_others));
    // Beside 30 rows of two groups with their heads, and where rows begin.
    EXPECT_NEAR(static_cast<double>(rows.bytes()), bytes + 30 * 55 + 32 * 8, 30 * 30);
}

TEST(SynapseRows, pack_groups_of_one_weight) {
    for (const double third_weight : {0.25, 0.75}) {
        for (const std::int64_t far_slot : {std::int64_t{20000}, std::int64_t{200000}}) {
            expect_packed_rows<float>(far_slot, third_weight);
            expect_packed_rows<double>(far_slot, third_weight);
        }
    }
}

/// Whatever stretch of words they lie in, and whichever word of it was asked for first.
TEST(DelaySteps, are_those_of_the_distribution) {
    for (const Distribution& delay :
         {Distribution::constant(1.5), Distribution::uniform(0.5, 0.9),
          Distribution::normal(0.75, 0.375, 0.05), Distribution::uniform(0.1, 500)}) {
        const network::Draw draw(delay);
        network::DelaySteps steps(delay, 0.1);
        const auto expect_at = [&](std::uint32_t word) {
            EXPECT_EQ(steps(word, 0), network::delay_steps_of(draw(word, 0), 0.1)) << word;
        };
        for (std::int64_t i = 0; i < 20000; ++i) expect_at(random_word({8, 0, 0}, i));
        for (std::uint32_t stretch = 0; stretch < 1024; ++stretch) {
            expect_at(stretch << 22);
            expect_at((stretch << 22) | 0x3FFFFF);
        }
    }
    const Distribution list = Distribution::list({0.3, 7});
    network::DelaySteps listed(list, 0.1);
    EXPECT_EQ(listed(5, 1), 70);
    EXPECT_EQ(listed(5, 0), 3);
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

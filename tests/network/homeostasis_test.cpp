// Weights that are normalised or follow the rate of their neuron, beside a plain loop over steps.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "network/description/network_file.h"
#include "network/event_driven/event_driven_engine.h"
#include "network/recording/network_checkpoint.h"
#include "network/time_stepped/time_stepped_engine.h"
#include "tests/network/thread_count.h"
#include "tests/support/compare.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm::test {
namespace {

using network::Connection;
using network::Distribution;
using network::Homeostasis;
using network::NetworkDescription;
using network::Stdp;

constexpr std::int64_t n_steps = 6000;

/// Cells that spike at several rates, by their own currents and what the sources do to them.
NetworkDescription network_of(std::optional<Stdp> stdp, Homeostasis homeostasis) {
    NetworkDescription network;
    network.seed = 5;
    network.populations = {{.name = "noise", .size = 40, .model = "poisson", .rate_hz = 30},
                           {.name = "cells", .size = 150, .model = "lif_exponential"}};
    network.populations[1].parameters["constant_current"] = Distribution::uniform(0.2, 0.5);
    Connection connection{
        .from = 0, .to = 1, .rule = network::ConnectionRule::fixed_in_degree, .degree = 12};
    connection.weight = Distribution::uniform(0.05, 0.25);
    connection.delay_ms = Distribution::constant(1.3);
    connection.stdp = stdp;
    connection.homeostasis = homeostasis;
    network.connections = {connection};
    return network;
}

Homeostasis normalised() { return {.every_ms = 70, .total = 1.5}; }
Homeostasis scaled() {
    return {.rule = Homeostasis::Rule::scale,
            .every_ms = 40,
            .target_rate_hz = 20,
            .gain = 0.02,
            .tau_ms = 150};
}

struct NaiveSynapse {
    std::size_t source, target;
    double weight, plus = 0, minus = 0;  // traces of both sides at the synapse
};

/// 1 where a neuron spikes in a step, (steps, neurons).
std::vector<char> raster(const network::SpikeTrainOf& spikes, std::int64_t n, double step_ms) {
    std::vector<char> is_spike(static_cast<std::size_t>(n_steps * n));
    for (std::int64_t i = 0; i < spikes.size(); ++i) {
        const auto at = static_cast<std::size_t>(i);
        const std::int64_t step = std::llround(spikes.times_ms[at] / step_ms) - 1;
        is_spike[static_cast<std::size_t>(step * n + spikes.neurons[at])] = 1;
    }
    return is_spike;
}

/// Every synapse and neuron in every step, from the spikes that were and the weights at first.
void run_naively(const NetworkDescription& network, const network::SpikeRecord& spikes,
                 std::vector<NaiveSynapse>& synapses) {
    const Connection& connection = network.connections[0];
    const double h = network.time_step_ms;
    const auto n_pre = static_cast<std::size_t>(network.populations[0].size);
    const auto n_post = static_cast<std::size_t>(network.populations[1].size);
    const std::vector<char> pre = raster(spikes[0], network.populations[0].size, h);
    const std::vector<char> post = raster(spikes[1], network.populations[1].size, h);
    const std::int64_t delay = std::llround(connection.delay_ms.first / h);
    const Homeostasis& homeostasis = *connection.homeostasis;
    const std::int64_t period = std::llround(homeostasis.every_ms / h);
    const double decay = std::exp(-h / homeostasis.tau_ms);
    std::vector<double> rates(n_post), exponents(n_post);
    for (std::int64_t step = 0; step < n_steps; ++step) {
        for (NaiveSynapse& s : synapses) {
            const bool is_pre = pre[static_cast<std::size_t>(step) * n_pre + s.source] != 0;
            const bool meets =
                step >= delay && post[static_cast<std::size_t>(step - delay) * n_post + s.target];
            if (connection.stdp) {
                const Stdp& rule = *connection.stdp;
                s.plus *= std::exp(-h / rule.tau_plus_ms);
                s.minus *= std::exp(-h / rule.tau_minus_ms);
                double x = s.weight / rule.unit_weight;
                if (meets)
                    x = std::min(1.0, x + rule.rate * std::pow(1 - x, rule.mu_plus) * s.plus);
                if (is_pre) {
                    x -= rule.asymmetry * rule.rate * std::pow(x, rule.mu_minus) * s.minus;
                }
                s.weight = std::max(0.0, x) * rule.unit_weight;
                s.plus += is_pre ? 1 : 0;
                s.minus += meets ? 1 : 0;
            }
        }
        for (std::size_t n = 0; n < n_post; ++n) {
            // The rate decays over the step, its spike is at the end.
            exponents[n] += homeostasis.gain * (homeostasis.target_rate_hz / 1000 * h -
                                                rates[n] * homeostasis.tau_ms * (1 - decay));
            rates[n] *= decay;
            if (post[static_cast<std::size_t>(step) * n_post + n])
                rates[n] += 1 / homeostasis.tau_ms;
        }
        if ((step + 1) % period != 0) continue;
        std::vector<double> sums(n_post);
        for (const NaiveSynapse& s : synapses) sums[s.target] += s.weight;
        for (NaiveSynapse& s : synapses) {
            s.weight *= homeostasis.rule == Homeostasis::Rule::normalise
                            ? homeostasis.total / sums[s.target]
                            : std::exp(exponents[s.target]);
            if (connection.stdp) s.weight = std::min(s.weight, connection.stdp->unit_weight);
        }
        std::fill(exponents.begin(), exponents.end(), 0.0);
    }
}

void expect_the_naive_weights(const NetworkDescription& network) {
    const auto engine = make_time_stepped_engine(network, DType::f64);
    std::vector<NaiveSynapse> synapses;
    std::vector<double> before;
    for (const network::SynapseWeight& s : engine->weights(0)) {
        synapses.push_back(
            {static_cast<std::size_t>(s.source), static_cast<std::size_t>(s.target), s.weight});
        before.push_back(s.weight);
    }
    ASSERT_EQ(synapses.size(), 150u * 12);
    engine->advance(n_steps);
    ASSERT_GT(engine->spikes()[1].size(), 500);
    run_naively(network, engine->spikes(), synapses);
    std::vector<double> expected, found;
    double largest_change = 0;
    for (std::size_t i = 0; i < synapses.size(); ++i) {
        expected.push_back(synapses[i].weight);
        largest_change = std::max(largest_change, std::abs(synapses[i].weight - before[i]));
    }
    for (const network::SynapseWeight& s : engine->weights(0)) found.push_back(s.weight);
    EXPECT_GT(largest_change, 0.01);
    // Each of some hundred spikes and periods rounds once or twice.
    EXPECT_EQ(difference_above(found, expected, 1e-12), "");
}

const Stdp pairs{.rate = 0.05, .asymmetry = 1.05, .unit_weight = 0.3};

TEST(Homeostasis, normalises_as_a_plain_loop_does) {
    expect_the_naive_weights(network_of(std::nullopt, normalised()));
    expect_the_naive_weights(network_of(pairs, normalised()));
}

TEST(Homeostasis, follows_the_rate_as_a_plain_loop_does) {
    expect_the_naive_weights(network_of(std::nullopt, scaled()));
    expect_the_naive_weights(network_of(pairs, scaled()));
}

TEST(Homeostasis, leaves_the_sum_that_was_asked_for) {
    Stdp wide = pairs;
    wide.unit_weight = 3;  // which no weight reaches
    const NetworkDescription network = network_of(wide, {.every_ms = 50, .total = 1.5});
    const auto engine = make_time_stepped_engine(network, DType::f64);
    engine->advance(2500);  // to the end of a period
    std::map<std::int64_t, double> sums;
    for (const network::SynapseWeight& s : engine->weights(0)) sums[s.target] += s.weight;
    ASSERT_EQ(sums.size(), 150u);
    for (const auto& [target, sum] : sums) EXPECT_NEAR(sum, 1.5, 1e-12) << target;
}

/// Cells of other drive come to the same rate.
TEST(Homeostasis, brings_rates_to_the_target) {
    Homeostasis fast = scaled();
    fast.gain = 0.1;
    NetworkDescription network = network_of(std::nullopt, fast);
    network.populations[1].parameters["constant_current"] = Distribution::uniform(0, 0.3);
    const auto rate_error = [&](double first_ms) {
        const auto engine = make_time_stepped_engine(network, DType::f32);
        engine->advance(60000);
        std::vector<double> counts(150);
        const auto& spikes = engine->spikes()[1];
        for (std::size_t i = 0; i < spikes.times_ms.size(); ++i) {
            if (spikes.times_ms[i] > first_ms) {
                counts[static_cast<std::size_t>(spikes.neurons[i])] += 1;
            }
        }
        double sum = 0;
        for (const double count : counts) sum += std::abs(count / 2 - 20);
        return sum / 150;
    };
    const double controlled = rate_error(4000);
    network.connections[0].homeostasis.reset();
    EXPECT_LT(controlled, 3);
    EXPECT_GT(rate_error(4000), 2 * controlled);
}

std::vector<double> weights_of(network::Engine& engine) {
    std::vector<double> weights;
    for (const network::SynapseWeight& s : engine.weights(0)) weights.push_back(s.weight);
    return weights;
}

TEST(Homeostasis, has_the_same_bits_for_any_number_of_threads_and_pieces) {
    for (const Homeostasis& homeostasis : {normalised(), scaled()}) {
        NetworkDescription network = network_of(pairs, homeostasis);
        network.populations[1].size = 4000;
        network.poisson.push_back({.to = 1, .rate_hz = 3000, .weight = 0.05});
        const auto after = [&](int threads, const std::vector<std::int64_t>& pieces) {
            const Threads count(threads);
            const auto engine = make_time_stepped_engine(network, DType::f32);
            for (const std::int64_t steps : pieces) engine->advance(steps);
            return weights_of(*engine);
        };
        const std::vector<double> whole = after(1, {3000});
        EXPECT_EQ(after(3, {3000}), whole);
        EXPECT_EQ(after(2, {1, 699, 1, 1500, 799}), whole);
    }
}

TEST(Homeostasis, goes_on_from_a_checkpoint_with_the_same_bits) {
    const TemporaryDirectory folder;
    const std::string path = (folder / "run.checkpoint.h5").string();
    for (const Homeostasis& homeostasis : {normalised(), scaled()}) {
        const NetworkDescription network = network_of(pairs, homeostasis);
        const network::CheckpointOwner owner{&network, "time-stepped", DType::f32};
        const auto whole = make_time_stepped_engine(network, DType::f32);
        whole->advance(3000);
        const auto first = make_time_stepped_engine(network, DType::f32);
        first->advance(1111);
        network::write_network_checkpoint(path, owner, "", *first);
        const auto second = make_time_stepped_engine(network, DType::f32);
        network::read_network_checkpoint(path, owner, *second);
        second->advance(3000 - 1111);
        EXPECT_EQ(weights_of(*second), weights_of(*whole));
        NetworkDescription other = network;
        other.connections[0].homeostasis->every_ms = 41;
        const network::CheckpointOwner of_other{&other, "time-stepped", DType::f32};
        const auto third = make_time_stepped_engine(other, DType::f32);
        EXPECT_THROW(network::read_network_checkpoint(path, of_other, *third), Error);
    }
}

std::string file_with(const std::string& homeostasis, const std::string& weight = "\"20 pA\"") {
    return R"(
[population.noise]
size = 10
neuron = "poisson"
rate_hz = 10

[population.cells]
size = 10
neuron = "lif_exponential"

[[connection]]
from = "noise"
to = "cells"
rule = "all-to-all"
weight = )" +
           weight + "\ndelay = 1\nhomeostasis = " + homeostasis + "\n";
}

TEST(Homeostasis, is_read_from_a_description) {
    const auto normalise = network::parse_network(
        file_with(R"({ rule = "normalise", total = "3 nA", every = "350 ms" })"), "net.toml");
    const Homeostasis first = *normalise.connections[0].homeostasis;
    EXPECT_EQ(first.rule, Homeostasis::Rule::normalise);
    EXPECT_DOUBLE_EQ(first.total, 3);
    EXPECT_DOUBLE_EQ(first.every_ms, 350);
    const auto scale = network::parse_network(
        file_with(R"({ rule = "scale", target_rate = "4 Hz", gain = 0.02, tau = "5 s" })"),
        "net.toml");
    const Homeostasis second = *scale.connections[0].homeostasis;
    EXPECT_EQ(second.rule, Homeostasis::Rule::scale);
    EXPECT_DOUBLE_EQ(second.target_rate_hz, 4);
    EXPECT_DOUBLE_EQ(second.gain, 0.02);
    EXPECT_DOUBLE_EQ(second.tau_ms, 5000);
    EXPECT_DOUBLE_EQ(second.every_ms, 1000);
}

TEST(Homeostasis, says_what_cannot_be) {
    const auto message = [](const std::string& homeostasis, const std::string& weight = "0.1") {
        return message_of(
            [&] { network::parse_network(file_with(homeostasis, weight), "net.toml"); });
    };
    EXPECT_NE(message(R"({ rule = "shrink" })").find("there is no rule shrink. Known are"),
              std::string::npos);
    EXPECT_NE(message(R"({ rule = "normalize", total = 1 })").find("Did you mean normalise?"),
              std::string::npos);
    EXPECT_NE(message(R"({ rule = "normalise", total = -0.5 })")
                  .find("total -500 pA, expected a positive weight"),
              std::string::npos);
    EXPECT_NE(message(R"({ rule = "normalise", total = 1, every = 0.01 })")
                  .find("expected at least one step of 0.1 ms"),
              std::string::npos);
    EXPECT_NE(message(R"({ rule = "normalise", total = 1 })", "-0.1")
                  .find("weights from -100 pA, expected at least 0"),
              std::string::npos);
    EXPECT_NE(message(R"({ rule = "scale", target_rate = 5, gain = -1 })")
                  .find("gain -1, expected at least 0"),
              std::string::npos);
    EXPECT_NE(message(R"({ rule = "scale", target_rate = 5, tau = 0 })")
                  .find("tau 0 ms, expected a positive time"),
              std::string::npos);
    const NetworkDescription network = network_of(std::nullopt, normalised());
    EXPECT_NE(message_of([&] {
                  network::make_event_driven_engine(network);
              }).find("the event-driven engine has no homeostasis"),
              std::string::npos);
}

}  // namespace
}  // namespace elm::test

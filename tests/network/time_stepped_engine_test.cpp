// The time-stepped engine: threads, chunks, delays, and what it says when numbers go wrong.

#include "network/time_stepped/time_stepped_engine.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/core/support/error.h"
#include "tests/network/busy_network.h"
#include "tests/network/thread_count.h"
#include "tests/support/error_message.h"

namespace elm::test {
namespace {

using network::Connection;
using network::ConnectionRule;
using network::Distribution;
using network::NetworkDescription;

struct RunResult {
    network::SpikeRecord spikes;
    std::vector<double> trace;
    std::int64_t n_events;
};

RunResult run(const NetworkDescription& network, DType precision,
              std::vector<std::int64_t> chunks) {
    const auto engine = make_time_stepped_engine(network, precision);
    for (const std::int64_t steps : chunks) engine->advance(steps);
    return {engine->spikes(), engine->traces()[0].values, engine->n_events()};
}

void expect_same(const RunResult& a, const RunResult& b) {
    ASSERT_EQ(a.spikes.size(), b.spikes.size());
    for (std::size_t p = 0; p < a.spikes.size(); ++p) {
        EXPECT_EQ(a.spikes[p].times_ms, b.spikes[p].times_ms) << p;
        EXPECT_EQ(a.spikes[p].neurons, b.spikes[p].neurons) << p;
    }
    EXPECT_EQ(a.trace, b.trace);
    EXPECT_EQ(a.n_events, b.n_events);
}

class EveryNetworkNeuron : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryNetworkNeuron, has_the_same_bits_for_any_number_of_threads_and_chunks) {
    const NetworkDescription network = busy_network(GetParam());
    const RunResult one = [&] {
        const Threads threads(1);
        return run(network, DType::f32, {1000});
    }();
    EXPECT_GT(one.spikes[0].size(), 200);
    EXPECT_GT(one.n_events, 10000);
    for (const int count : {2, 4}) {
        const Threads threads(count);
        expect_same(run(network, DType::f32, {1000}), one);
    }
    const Threads threads(2);
    expect_same(run(network, DType::f32, {1, 7, 492, 500}), one);
}
INSTANTIATE_TEST_SUITE_P(Neurons, EveryNetworkNeuron,
                         ::testing::Values("lif", "alif", "lif_exponential", "lif_alpha",
                                           "lif_conductance", "hh_traub", "adex", "adlif", "srm0"),
                         [](const auto& instance) { return std::string(instance.param); });

/// A spike of 1 ms with a delay of 2 ms adds its weight at the end of the step that ends at 3 ms.
TEST(TimeSteppedEngine, events_act_after_their_delay) {
    NetworkDescription network;
    network.populations = {
        {.name = "source", .size = 1, .model = "spikes", .spike_times = {1}, .spike_neurons = {0}},
        {.name = "cell", .size = 2, .model = "lif_exponential"}};
    for (const double weight : {0.2, -0.3}) {
        Connection connection{.from = 0, .to = 1};
        connection.weight = Distribution::constant(weight);
        connection.delay_ms = Distribution::constant(2);
        network.connections.push_back(connection);
    }
    network.traces = {{.population = 1,
                       .states = {"excitatory_current", "inhibitory_current", "membrane_potential"},
                       .neurons = {0, 1}}};
    const auto engine = make_time_stepped_engine(network, DType::f64);
    engine->advance(40);
    EXPECT_EQ(engine->spikes()[0].times_ms, std::vector<double>{1});
    EXPECT_EQ(engine->n_events(), 4);
    const auto& trace = engine->traces()[0];
    for (std::int64_t neuron = 0; neuron < 2; ++neuron) {
        EXPECT_EQ(trace.at(28, 0, neuron), 0);
        EXPECT_EQ(trace.at(29, 0, neuron), 0.2);  // ends at 3 ms
        EXPECT_EQ(trace.at(29, 1, neuron), -0.3);
        EXPECT_EQ(trace.at(29, 2, neuron), -65);
        EXPECT_NE(trace.at(30, 2, neuron), -65);
    }
}

TEST(TimeSteppedEngine, a_delta_synapse_jumps_in_the_step_that_ends_at_the_arrival) {
    NetworkDescription network;
    network.populations = {
        {.name = "source", .size = 1, .model = "spikes", .spike_times = {1}, .spike_neurons = {0}},
        {.name = "cell", .size = 1, .model = "lif"}};
    Connection connection{.from = 0, .to = 1};
    connection.weight = Distribution::constant(3);
    connection.delay_ms = Distribution::constant(0.1);
    network.connections.push_back(connection);
    network.traces = {{.population = 1, .states = {"membrane_potential"}, .neurons = {0}}};
    const auto engine = make_time_stepped_engine(network, DType::f64);
    engine->advance(20);
    const auto& trace = engine->traces()[0];
    EXPECT_EQ(trace.at(9, 0, 0), -65);
    EXPECT_EQ(trace.at(10, 0, 0), -62);
    EXPECT_DOUBLE_EQ(trace.at(11, 0, 0), -65 + 3 * std::exp(-0.01));
}

TEST(TimeSteppedEngine, says_which_neuron_stopped_being_finite_and_when) {
    NetworkDescription network;
    network.populations = {
        {.name = "source", .size = 1, .model = "spikes", .spike_times = {1}, .spike_neurons = {0}},
        {.name = "cell", .size = 70, .model = "lif_conductance"}};
    Connection connection{.from = 0, .to = 1, .rule = ConnectionRule::list};
    connection.sources = {0};
    connection.targets = {66};
    connection.weight = Distribution::list({1e38});
    connection.delay_ms = Distribution::constant(0.1);
    network.connections.push_back(connection);
    const auto engine = make_time_stepped_engine(network, DType::f32);
    const std::string message = message_of([&] { engine->advance(100); });
    EXPECT_NE(message.find("population cell, neuron 66: membrane_potential stopped being finite in "
                           "the step that ends at 1.2 ms"),
              std::string::npos)
        << message;
}

TEST(TimeSteppedEngine, says_what_memory_is_needed_before_it_takes_any) {
    NetworkDescription network;
    network.populations = {{.name = "a", .size = 10'000'000, .model = "lif_exponential"}};
    Connection connection{.rule = ConnectionRule::all_to_all};
    connection.delay_ms = Distribution::constant(1);
    network.connections.push_back(connection);
    const std::string message = message_of([&] { make_time_stepped_engine(network, DType::f32); });
    EXPECT_NE(message.find("1e+14 synapses of 10000000 neurons need"), std::string::npos)
        << message;
}

TEST(TimeSteppedEngine, spikes_far_behind_the_end_are_not_those_of_the_first_step) {
    NetworkDescription network;
    network::Population times{.name = "times", .size = 1, .model = "spikes"};
    times.spike_times = {1e300, 5};
    times.spike_neurons = {0, 0};
    network.populations = {times};
    const auto engine = make_time_stepped_engine(network, DType::f64);
    engine->advance(100);
    EXPECT_EQ(engine->spikes()[0].times_ms, (std::vector<double>{50 * network.time_step_ms}));
}

}  // namespace
}  // namespace elm::test

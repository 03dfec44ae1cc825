// The time-stepped engine: threads, chunks, delays, and what it says when numbers go wrong.

#include "network/time_stepped/time_stepped_engine.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tests/support/error_message.h"

namespace elm::test {
namespace {

using network::Connection;
using network::ConnectionRule;
using network::Distribution;
using network::NetworkDescription;

/// Thread count for one test.
class Threads {
public:
    explicit Threads(int count) : before_(thread_count()) { set_thread_count(count); }
    ~Threads() { set_thread_count(before_); }

private:
    int before_;
};

/// Excitation and inhibition with drawn weights, delays and parameters, driven by Poisson trains;
/// large enough to be cut.
NetworkDescription busy_network(const std::string& neuron) {
    const bool conductance = neuron == "lif_conductance" || neuron == "hh_traub",
               delta = neuron == "lif" || neuron == "alif";
    const double unit = conductance ? 0.004 : delta ? 1.0 : 0.15;
    NetworkDescription network;
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
                                           "lif_conductance", "hh_traub"),
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

}  // namespace
}  // namespace elm::test

// A network over several processes. Run as it is, and as two and three processes under mpirun:
// every process runs all tests.

#include <cmath>

#include <gtest/gtest.h>

#include "kernels/core/support/parallel.h"
#include "network/recording/spike_file_writer.h"
#include "network/time_stepped/time_stepped_engine.h"
#include "tests/support/test_processes.h"

namespace elm {
namespace {

using network::Connection;
using network::ConnectionRule;
using network::Distribution;
using network::NetworkDescription;
using test::processes;

/// Two populations with drawn weights and delays, sources, Poisson trains, plasticity of both
/// kinds. All neurons spike in the first step: more than the first message has room for.
NetworkDescription busy_network() {
    NetworkDescription network;
    network.seed = 11;
    network.populations = {{.name = "e", .size = 4000, .model = "lif_exponential"},
                           {.name = "i", .size = 1000, .model = "lif_exponential"},
                           {.name = "noise", .size = 200, .model = "poisson", .rate_hz = 30}};
    for (std::size_t p = 0; p < 2; ++p) {
        network.populations[p].initial = {{"membrane_potential", Distribution::constant(-45)}};
    }
    network.populations[2].short_term = network::ShortTermPlasticity{};
    const auto connect = [&](std::size_t from, std::size_t to, double weight) {
        Connection connection{
            .from = from, .to = to, .rule = ConnectionRule::fixed_in_degree, .degree = 40};
        connection.weight = Distribution::normal(weight, std::abs(weight) / 5);
        connection.delay_ms = Distribution::normal(1.5, 0.5, 0.8, 3);
        network.connections.push_back(connection);
    };
    connect(0, 1, 0.15);
    connect(1, 0, -0.6);
    connect(1, 1, -0.6);
    connect(2, 0, 0.3);
    connect(0, 0, 0.1);
    network.connections.back().weight = Distribution::constant(0.1);
    network.connections.back().delay_ms = Distribution::constant(1.1);
    network.connections.back().stdp = network::Stdp{.unit_weight = 0.3};
    for (std::size_t to = 0; to < 2; ++to) {
        network.poisson.push_back({.to = to, .rate_hz = 5000, .weight = 0.15});
    }
    network.traces = {
        {.population = 0, .states = {"membrane_potential"}, .neurons = {0, 1999, 3999}},
        {.population = 1, .states = {"inhibitory_current"}, .neurons = {500}}};
    return network;
}

std::unique_ptr<network::Engine> run(Communicator* together) {
    auto engine = network::make_time_stepped_engine(busy_network(), DType::f32, together);
    for (const std::int64_t steps : {1, 7, 492, 500}) engine->advance(steps);
    return engine;
}

TEST(NetworkProcesses, have_the_spikes_of_one) {
    for (const int threads : {1, 2}) {
        set_thread_count(threads);
        const auto alone = run(nullptr), together = run(&*processes);
        ASSERT_GT(alone->spikes()[0].size(), 4000);  // all in the first step, and later
        for (std::size_t p = 0; p < 3; ++p) {
            EXPECT_EQ(together->spikes()[p].times_ms, alone->spikes()[p].times_ms) << p;
            EXPECT_EQ(together->spikes()[p].neurons, alone->spikes()[p].neurons) << p;
        }
        for (std::size_t t = 0; t < 2; ++t) {
            EXPECT_EQ(together->traces()[t].values, alone->traces()[t].values) << t;
        }
        EXPECT_EQ(together->n_events(), alone->n_events());
        EXPECT_EQ(together->n_synapses(), alone->n_synapses());
        EXPECT_EQ(alone->received_bytes(), 0);
        // A word for each spike of the others, and where those of their steps end.
        const std::int64_t shares = processes->size() - 1;
        EXPECT_GE(together->received_bytes(),
                  shares * together->spikes()[0].size() * 4 / processes->size());
        EXPECT_EQ(together->n_exchanges() > 0, shares > 0);
        EXPECT_GE(together->n_threads(), processes->size());
    }
}

/// Spread over more slices than there are groups of 64 neurons, some of which have none then.
TEST(NetworkProcesses, may_have_no_neurons) {
    NetworkDescription network;
    network.populations = {{.name = "few", .size = 10, .model = "lif"}};
    network.populations[0].parameters = {{"constant_current", Distribution::constant(1)},
                                         {"tau_m", Distribution::uniform(8, 20)}};
    const auto alone = network::make_time_stepped_engine(network, DType::f64);
    const auto together = network::make_time_stepped_engine(network, DType::f64, &*processes);
    for (const auto& engine : {alone.get(), together.get()}) engine->advance(1000);
    EXPECT_GT(alone->spikes()[0].size(), 10);
    EXPECT_EQ(together->spikes()[0].times_ms, alone->spikes()[0].times_ms);
    EXPECT_EQ(together->spikes()[0].neurons, alone->spikes()[0].neurons);
}

/// Those of a connection that learns, and of one that is normalised beside that; and the files that
/// the first process writes of them.
TEST(NetworkProcesses, write_the_weights_of_one) {
    NetworkDescription network = busy_network();
    network.connections.push_back(network.connections.back());
    network.connections.back().stdp->rate = 0.1;
    network.connections.back().homeostasis = network::Homeostasis{.every_ms = 7, .total = 4.5};
    set_thread_count(1);
    const auto alone = network::make_time_stepped_engine(network, DType::f32);
    const auto together = network::make_time_stepped_engine(network, DType::f32, &*processes);
    for (const auto& engine : {alone.get(), together.get()}) engine->advance(700);
    const auto expected = network::plastic_weights(network, *alone);
    const auto found = network::plastic_weights(network, *together);
    ASSERT_EQ(found.size(), 2u);
    ASSERT_EQ(expected.size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) {
        const auto &left = expected[i].second, &right = found[i].second;
        EXPECT_EQ(found[i].first, expected[i].first);
        ASSERT_EQ(left.size(), 160000u);
        ASSERT_EQ(right.size(), left.size());
        std::int64_t n_different = 0, n_changed = 0;
        for (std::size_t k = 0; k < left.size(); ++k) {
            n_different += left[k].source != right[k].source || left[k].target != right[k].target ||
                                   left[k].weight != right[k].weight
                               ? 1
                               : 0;
            n_changed += std::abs(left[k].weight - 0.1) > 1e-6 ? 1 : 0;
        }
        EXPECT_EQ(n_different, 0) << i;
        EXPECT_GT(n_changed, 1000) << i;
    }
}

}  // namespace
}  // namespace elm

int main(int argc, char** argv) { return elm::test::run_on_processes(argc, argv); }

// Networks as NIR graphs and back: descriptions and spikes stay.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "network/description/network_file.h"
#include "network/interchange/nir/network_of_nir.h"
#include "network/interchange/nir/nir_engine.h"
#include "network/interchange/nir/nir_file.h"
#include "network/interchange/nir/nir_of_network.h"
#include "network/time_stepped/time_stepped_engine.h"
#include "tests/support/compare.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm::test {
namespace {

using network::NetworkDescription;
using network::NirGraph;

const std::string spec = R"(
[network]
duration = 200
time_step = 0.2

[population.delta]
size = 12
neuron = "lif"
refractory_period = 0
threshold = { uniform = [-54, -51] }
constant_current = { uniform = [0.35, 0.45] }
tau_m = { uniform = [8, 20] }

[population.exponential]
size = 9
neuron = "lif_exponential"
refractory_period = 0
tau_excitatory = 3
tau_inhibitory = 3
reset_potential = -70
constant_current = 0.3

[population.given]
size = 4
neuron = "spikes"
spike_times_ms = [3, 5, 5.4, 20, 60, 61, 62, 120, 121, 150]
spike_neurons = [0, 1, 3, 2, 0, 1, 2, 3, 0, 1]

[[connection]]
from = "given"
to = ["delta", "exponential"]
rule = "all-to-all"
weight = 2
delay = 0.4

[[connection]]
from = "delta"
to = ["delta", "exponential"]
rule = "fixed-probability"
probability = 0.4
weight = { normal = [0.5, 1] }
delay = { uniform = [0.2, 3] }

[[connection]]
from = "exponential"
to = ["delta", "exponential"]
rule = "fixed-in-degree"
degree = 4
weight = { normal = [-0.3, 0.2] }
delay = { uniform = [0.4, 2] }
)";

network::SpikeRecord spikes_of(const NetworkDescription& network) {
    const auto engine = network::make_time_stepped_engine(network, DType::f64);
    engine->advance(std::llround(network.duration_ms / network.time_step_ms));
    return engine->spikes();
}

/// The spikes of the sources, each as 1 in the step that ends with it.
network::NirSample input_of(const network::NirEngine& engine, const NetworkDescription& network,
                            std::int64_t n_steps) {
    network::NirSample sample;
    for (const network::NirPort& port : engine.inputs()) {
        network::NirSignal signal{n_steps, port.size, {}};
        signal.values.resize(static_cast<std::size_t>(n_steps * port.size));
        for (const network::Population& population : network.populations) {
            if (population.name != port.name) continue;
            for (std::size_t i = 0; i < population.spike_times.size(); ++i) {
                const std::int64_t step =
                    std::llround(population.spike_times[i] / network.time_step_ms) - 1;
                signal.values[static_cast<std::size_t>(step * port.size +
                                                       population.spike_neurons[i])] += 1;
            }
        }
        sample.push_back(std::move(signal));
    }
    return sample;
}

TEST(NirNetwork, a_graph_of_a_network_has_its_spikes) {
    const NetworkDescription network = network::parse_network(spec, "net.toml");
    const network::SpikeRecord expected = spikes_of(network);
    const TemporaryDirectory folder;
    OutputFile output(folder / "net.nir", false);
    network::write_nir(output, network::nir_of(network));
    output.commit();
    const NirGraph graph = network::load_nir(folder / "net.nir");
    const double step_s = network.time_step_ms / 1000;
    const network::NirEngine engine(graph, {step_s, network::NirRule::exact}, DType::f64);
    const auto n_steps = std::llround(network.duration_ms / network.time_step_ms);
    const network::NirSample result = engine.run({input_of(engine, network, n_steps)})[0];
    for (std::size_t k = 0; k < result.size(); ++k) {
        EXPECT_TRUE(engine.outputs()[k].has_spikes);
        const std::size_t p = engine.outputs()[k].name == "delta.output" ? 0 : 1;
        std::vector<double> times;
        std::vector<std::uint32_t> neurons;
        for (std::int64_t step = 0; step < n_steps; ++step) {
            for (std::int64_t i = 0; i < result[k].size; ++i) {
                if (result[k].at(step, i) == 0) continue;
                times.push_back(static_cast<double>(step + 1) * network.time_step_ms);
                neurons.push_back(static_cast<std::uint32_t>(i));
            }
        }
        EXPECT_GT(times.size(), 50u);
        EXPECT_EQ(difference_above(times, expected[p].times_ms, 1e-9), "");
        EXPECT_EQ(neurons, expected[p].neurons);
    }
}

/// Synapses of a list, in one order.
std::vector<std::tuple<std::int64_t, std::int64_t, double, double>> synapses_of(
    const network::Connection& connection) {
    std::vector<std::tuple<std::int64_t, std::int64_t, double, double>> all;
    for (std::size_t i = 0; i < connection.sources.size(); ++i) {
        all.emplace_back(connection.sources[i], connection.targets[i],
                         connection.delay_ms.values[i], connection.weight.values[i]);
    }
    std::sort(all.begin(), all.end());
    return all;
}

TEST(NirNetwork, there_and_back_is_the_same_network) {
    // What comes back is a list with one value for each neuron, so going again changes nothing.
    NetworkDescription first =
        network::network_of(network::nir_of(network::parse_network(spec, "net.toml")), 0.2);
    NetworkDescription again = network::network_of(network::nir_of(first), 0.2);
    const double roundoff = 16 * epsilon_of(DType::f64);
    ASSERT_EQ(again.populations.size(), first.populations.size());
    for (std::size_t p = 0; p < first.populations.size(); ++p) {
        const network::Population &a = again.populations[p], &b = first.populations[p];
        EXPECT_EQ(a.name, b.name);
        EXPECT_EQ(a.model, b.model);
        EXPECT_EQ(a.size, b.size);
        for (const auto& entry : b.parameters) {
            const double largest = std::abs(
                *std::max_element(entry.second.values.begin(), entry.second.values.end(),
                                  [](double x, double y) { return std::abs(x) < std::abs(y); }));
            EXPECT_EQ(difference_above(a.parameters.at(entry.first).values, entry.second.values,
                                       roundoff * largest),
                      "")
                << entry.first;
        }
    }
    ASSERT_EQ(again.connections.size(), first.connections.size());
    for (std::size_t c = 0; c < first.connections.size(); ++c) {
        const auto a = synapses_of(again.connections[c]), b = synapses_of(first.connections[c]);
        ASSERT_EQ(a.size(), b.size());
        for (std::size_t i = 0; i < a.size(); ++i) {
            EXPECT_EQ(std::get<0>(a[i]), std::get<0>(b[i]));
            EXPECT_EQ(std::get<1>(a[i]), std::get<1>(b[i]));
            EXPECT_DOUBLE_EQ(std::get<2>(a[i]), std::get<2>(b[i]));
            EXPECT_NEAR(std::get<3>(a[i]), std::get<3>(b[i]), roundoff * 4);
        }
    }
}

TEST(NirNetwork, what_comes_back_has_the_spikes_of_what_went) {
    const NetworkDescription network = network::parse_network(spec, "net.toml");
    NetworkDescription again = network::network_of(network::nir_of(network), 0.2);
    again.duration_ms = network.duration_ms;
    for (network::Population& population : again.populations) {
        if (population.name != "given") continue;
        population.spike_times = network.populations[2].spike_times;
        population.spike_neurons = network.populations[2].spike_neurons;
    }
    const network::SpikeRecord before = spikes_of(network), after = spikes_of(again);
    for (std::size_t p = 0; p < before.size(); ++p) {
        std::size_t q = 0;
        while (again.populations[q].name != network.populations[p].name) ++q;
        EXPECT_GT(before[p].size(), 9);
        EXPECT_EQ(before[p].times_ms, after[q].times_ms);
        EXPECT_EQ(before[p].neurons, after[q].neurons);
    }
}

TEST(NirNetwork, what_nir_has_no_word_for_is_refused_with_its_place) {
    const auto message = [](const std::string& neuron) {
        return message_of([&] {
            network::nir_of(network::parse_network(
                "[population.a]\nsize = 2\nneuron = " + neuron + "\n", "net.toml"));
        });
    };
    EXPECT_EQ(message("\"izhikevich\""),
              "net.toml:1:1: population.a: NIR has no neuron like izhikevich. It has those of lif "
              "and lif_exponential.");
    EXPECT_EQ(message("\"lif\"\nrefractory_period = 1"),
              "net.toml:1:1: population.a: neuron 0 has a refractory_period of 1 ms, and NIR has "
              "none: set it to 0.");
    EXPECT_EQ(message("\"lif_exponential\"\nrefractory_period = 0\ntau_excitatory = 2"),
              "net.toml:1:1: population.a: neuron 0 has synapses of 2 and 0.5 ms, and those of NIR "
              "have one time constant: set tau_excitatory and tau_inhibitory to the same.");
    EXPECT_EQ(message("\"lif\"\nrefractory_period = 0\ninitial = { membrane_potential = -60 }"),
              "net.toml:1:1: population.a: NIR has no states before the first step: leave initial "
              "away, neurons start at rest.");
}

TEST(NirNetwork, names_of_its_own_nodes_are_refused_for_populations) {
    const auto message = [](const std::string& name) {
        NetworkDescription network;
        for (const std::string& one : {std::string("a"), name}) {
            network::Population population{
                .name = one, .size = 1, .model = "lif", .place = "place of " + one};
            population.parameters["refractory_period"] = network::Distribution::constant(0);
            network.populations.push_back(population);
        }
        network::Connection connection{.from = 0, .to = 0};
        connection.weight = network::Distribution::constant(1);
        connection.delay_ms = network::Distribution::constant(2 * network.time_step_ms);
        network.connections = {connection};
        return message_of([&] { network::nir_of(network); });
    };
    EXPECT_EQ(message("b"), "no error");
    for (const std::string name : {"a.output", "connection0000.00002.delay"}) {
        EXPECT_EQ(message(name), "place of " + name + ": the graph has a node " + name +
                                     " of its own: give the population another name.");
    }
}

/// in, a Delay of two steps, then `diamonds` of two nodes side by side, and a neuron behind.
NirGraph diamonds_between(int diamonds, double tau_s) {
    using network::NirArray;
    using network::NirKind;
    const auto scalar = [](double value) { return NirArray{{1}, {value}, false}; };
    NirGraph graph;
    graph.nodes.push_back({.name = "in", .kind = NirKind::input, .arrays = {{"shape", scalar(1)}}});
    graph.nodes.push_back(
        {.name = "delay", .kind = NirKind::delay, .arrays = {{"delay", scalar(0.002)}}});
    graph.edges.push_back({0, 1});
    std::size_t last = 1;
    for (int k = 0; k < diamonds; ++k) {
        for (int side = 0; side < 3; ++side) {
            graph.nodes.push_back({.name = std::to_string(graph.nodes.size()),
                                   .kind = NirKind::scale,
                                   .arrays = {{"scale", scalar(1)}}});
        }
        for (const std::size_t side : {last + 1, last + 2}) {
            graph.edges.push_back({last, side});
            graph.edges.push_back({side, graph.nodes.size() - 1});
        }
        last = graph.nodes.size() - 1;
    }
    graph.nodes.push_back({.name = "cell",
                           .kind = NirKind::leaky_integrate_and_fire,
                           .arrays = {{"tau", scalar(tau_s)},
                                      {"r", scalar(1)},
                                      {"v_leak", scalar(0)},
                                      {"v_threshold", scalar(1)},
                                      {"v_reset", scalar(0)}}});
    graph.edges.push_back({last, graph.nodes.size() - 1});
    return graph;
}

TEST(NirNetwork, ways_that_part_and_meet_are_added_up) {
    const double tau_s = 0.01, step_ms = 1;
    const NetworkDescription network = network::network_of(diamonds_between(40, tau_s), step_ms);
    ASSERT_EQ(network.connections.size(), 1u);
    ASSERT_EQ(network.connections[0].sources.size(), 1u);
    EXPECT_DOUBLE_EQ(network.connections[0].weight.values[0],
                     0x1p40 * -std::expm1(-step_ms / (1000 * tau_s)));
    EXPECT_DOUBLE_EQ(network.connections[0].delay_ms.values[0], 2);
}

TEST(NirNetwork, graphs_that_are_no_network_are_refused_with_the_node) {
    const auto message = [](const std::string& name) {
        const std::string path = std::string(ELM_GOLDEN_DIR) + "/nir/" + name + ".nir";
        return message_of([&] { network::network_of(network::load_nir(path), 1); });
    };
    EXPECT_NE(message("dense").find("/node/nodes/cuba: is of the type CubaLI, and networks of"),
              std::string::npos)
        << message("dense");
    // Behind a Delay stands an Output.
    EXPECT_NE(message("scalars").find("/node/nodes/output: shows the signal of 1, and a network "
                                      "has spikes of neurons alone."),
              std::string::npos)
        << message("scalars");
    // The step of a closed cycle is not enough for synapses with currents.
    EXPECT_NE(message("recurrent")
                  .find("/node/nodes/cuba.lif: what cuba.lif sends takes 1 steps, "
                        "and a synapse onto lif_exponential takes 2 at least."),
              std::string::npos)
        << message("recurrent");
}

}  // namespace
}  // namespace elm::test

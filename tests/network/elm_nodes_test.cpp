// ELM neurons in networks: what reaches their synapses, what they make of it, when they spike.

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/core/support/parallel.h"
#include "network/description/network_file.h"
#include "network/neurons/population_neuron.h"
#include "network/time_stepped/network_wiring.h"
#include "network/time_stepped/slice_drive.h"
#include "network/time_stepped/time_stepped_engine.h"
#include "neuron/elm/elm_output.h"
#include "tests/network/thread_count.h"
#include "tests/support/compare.h"
#include "tests/support/error_message.h"
#include "tests/support/random_elm.h"

namespace elm::test {
namespace {

using network::Connection;
using network::ConnectionRule;
using network::Distribution;
using network::NetworkDescription;
using network::Population;

network::ElmNode node_of(ElmModel model) {
    return {.name = "drawn", .model = std::make_shared<const ElmModel>(std::move(model))};
}

Population elm_population(const std::string& name, std::int64_t size, network::ElmNode node) {
    Population population{.name = name, .size = size, .model = "elm"};
    population.elm = std::move(node);
    return population;
}

/// A source that spikes in each step with a chance for each neuron, every neuron of it wired to one
/// synapse of one ELM neuron, beside what the naive reference makes of the same input.
struct Wired {
    NetworkDescription network;
    std::vector<double> input;  // (neurons, steps, inputs) as the reference takes it
};

constexpr std::int64_t n_neurons = 21, n_steps = 150;

Wired wire(const ElmModel& model) {
    const std::int64_t n_input = model.options.n_input;
    Wired wired;
    NetworkDescription& network = wired.network;
    network.time_step_ms = model.options.time_step_ms;
    Population source{.name = "source", .size = n_neurons * n_input, .model = "spikes"};
    const SpikeTrain spikes = random_spikes(n_neurons, n_steps, n_input, 0.04, 3);
    wired.input.resize(static_cast<std::size_t>(n_neurons * n_steps * n_input));
    const bool has_signs = model.options.routing == SynapseRouting::neuronio;
    const std::int64_t excitatory = n_input / 2;
    const auto weight = [&](std::int64_t unit) { return 0.5 + static_cast<double>(unit % 3); };
    for (std::int64_t n = 0; n < n_neurons; ++n) {
        for (std::int64_t t = 0; t + 1 < n_steps; ++t) {
            for (const std::int32_t unit : spikes.row(n, t)) {
                source.spike_times.push_back(static_cast<double>(t + 1) * network.time_step_ms);
                source.spike_neurons.push_back(n * n_input + unit);
                // A delay of one step: it acts in the next one.
                double& x =
                    wired.input[static_cast<std::size_t>((n * n_steps + t + 1) * n_input + unit)];
                x = has_signs && unit >= excitatory ? -weight(unit) : weight(unit);
            }
        }
    }
    const auto connect = [&](const std::string& input, std::int64_t first, std::int64_t last) {
        Connection c{.from = 0, .to = 1, .rule = ConnectionRule::list, .input = input};
        std::vector<double> weights, synapses;
        for (std::int64_t n = 0; n < n_neurons; ++n) {
            for (std::int64_t unit = first; unit < last; ++unit) {
                c.sources.push_back(n * n_input + unit);
                c.targets.push_back(n);
                weights.push_back(weight(unit));
                synapses.push_back(static_cast<double>(unit - first));
            }
        }
        c.weight = Distribution::list(weights);
        c.synapse = Distribution::list(synapses);
        c.delay_ms = Distribution::constant(network.time_step_ms);
        network.connections.push_back(c);
    };
    if (has_signs) {
        connect("excitatory", 0, excitatory);
        connect("inhibitory", excitatory, n_input);
    } else {
        connect("synapses", 0, n_input);
    }
    network.populations = {source, elm_population("cells", n_neurons, node_of(model))};
    network.traces = {{.population = 1,
                       .states = {"spike_probability", "membrane_potential"},
                       .neurons = {0, 7, 20}}};
    return wired;
}

class ElmNodes : public ::testing::TestWithParam<RandomElm> {};

TEST_P(ElmNodes, are_the_published_neuron_on_what_reaches_their_synapses) {
    const ElmModel model = make_random_elm(GetParam());
    const Wired wired = wire(model);
    const auto engine = network::make_time_stepped_engine(wired.network, DType::f64);
    engine->advance(n_steps);
    const reference::ElmParameters parameters = reference_of(model);
    const network::TraceRecord& trace = engine->traces()[0];
    std::vector<double> found, expected;
    const std::vector<std::int64_t>& neurons = wired.network.traces[0].neurons;
    for (std::size_t n = 0; n < neurons.size(); ++n) {
        const double* const input =
            wired.input.data() + neurons[n] * n_steps * model.options.n_input;
        const auto output = reference::run_elm(parameters, input, n_steps).output;
        for (std::int64_t t = 0; t < n_steps; ++t) {
            const double logit = output[static_cast<std::size_t>(2 * t)];
            expected.push_back(1 / (1 + std::exp(-logit)));
            expected.push_back(10 * output[static_cast<std::size_t>(2 * t + 1)] - 67.7);
            for (const std::int64_t state : {0, 1}) {
                found.push_back(trace.at(t, state, static_cast<std::int64_t>(n)));
            }
        }
    }
    EXPECT_CLOSE(found, expected, {.condition = 64, .terms = n_steps});
}

ElmOptions options_of(ElmVersion version, SynapseRouting routing) {
    ElmOptions options;
    options.version = version;
    options.routing = routing;
    options.n_input = 30;
    options.n_output = 2;
    options.n_memory = 8;
    if (routing == SynapseRouting::neuronio) {
        options.n_branch = 5;
        options.n_synapse_per_branch = 10;
    }
    return options;
}
INSTANTIATE_TEST_SUITE_P(
    Versions, ElmNodes,
    ::testing::Values(RandomElm{options_of(ElmVersion::v1, SynapseRouting::neuronio)},
                      RandomElm{options_of(ElmVersion::v1, SynapseRouting::none), true},
                      RandomElm{options_of(ElmVersion::v2, SynapseRouting::neuronio)},
                      RandomElm{options_of(ElmVersion::v2, SynapseRouting::none), true}),
    [](const auto& instance) {
        const ElmOptions& options = instance.param.options;
        return std::string(options.version == ElmVersion::v1 ? "v1" : "v2") +
               (options.routing == SynapseRouting::none ? "_plain" : "_neuronio");
    });

constexpr double threshold = 0.1;

/// Fitted cells that excite each other and are driven from outside, such that they fire some times
/// a second.
NetworkDescription driven_cells(std::int64_t size, bool draws_spikes) {
    NetworkDescription network;
    network.time_step_ms = 1;
    network.seed = 11;
    network::ElmNode node = network::load_elm_node("l5pc-elm-20", "", 1);
    node.draws_spikes = draws_spikes;
    network.populations = {elm_population("cells", size, node)};
    network.populations[0].parameters["refractory_period"] = Distribution::constant(2);
    network.populations[0].parameters["threshold"] = Distribution::constant(threshold);
    Connection c{.from = 0, .to = 0, .rule = ConnectionRule::fixed_in_degree, .degree = 20};
    c.weight = Distribution::constant(1);
    c.delay_ms = Distribution::uniform(1, 4);
    network.connections = {c};
    network.poisson = {{.to = 0, .rate_hz = 10000, .weight = 1},
                       {.to = 0, .rate_hz = 4000, .weight = -1}};
    for (std::int64_t n = 0; n < size; ++n) {
        if (network.traces.empty()) {
            network.traces.push_back({.population = 0, .states = {"spike_probability"}});
        }
        network.traces[0].neurons.push_back(n);
    }
    return network;
}

TEST(ElmNodesInNetworks, have_the_same_bits_for_any_number_of_threads_and_chunks) {
    const NetworkDescription network = driven_cells(300, true);
    const auto run = [&](int threads, const std::vector<std::int64_t>& chunks) {
        const Threads count(threads);
        auto engine = network::make_time_stepped_engine(network, DType::f32);
        for (const std::int64_t steps : chunks) engine->advance(steps);
        return engine;
    };
    const auto one = run(1, {400});
    EXPECT_GT(one->spikes()[0].size(), 100);
    EXPECT_GT(one->n_events(), 1000);
    for (const auto& other : {run(2, {400}), run(4, {400}), run(2, {1, 7, 300, 92})}) {
        EXPECT_EQ(other->spikes()[0].times_ms, one->spikes()[0].times_ms);
        EXPECT_EQ(other->spikes()[0].neurons, one->spikes()[0].neurons);
        EXPECT_EQ(other->traces()[0].values, one->traces()[0].values);
    }
}

/// By step and neuron: a spike there.
std::vector<bool> spiked(const network::Engine& engine, std::int64_t size) {
    std::vector<bool> result(static_cast<std::size_t>(engine.current_step() * size));
    const network::SpikeTrainOf& spikes = engine.spikes()[0];
    for (std::size_t i = 0; i < spikes.times_ms.size(); ++i) {
        const std::int64_t step = std::llround(spikes.times_ms[i]) - 1;
        result[static_cast<std::size_t>(step * size + spikes.neurons[i])] = true;
    }
    return result;
}

TEST(ElmNodesInNetworks, spike_where_the_probability_reaches_the_threshold) {
    constexpr std::int64_t size = 40, steps = 500;
    const auto engine = network::make_time_stepped_engine(driven_cells(size, false), DType::f64);
    engine->advance(steps);
    const std::vector<bool> found = spiked(*engine, size);
    std::int64_t count = 0;
    for (std::int64_t n = 0; n < size; ++n) {
        std::int64_t last = -10;
        for (std::int64_t t = 0; t < steps; ++t) {
            const bool expected = engine->traces()[0].at(t, 0, n) >= threshold && t - last > 2;
            if (expected) last = t;
            count += expected ? 1 : 0;
            EXPECT_EQ(found[static_cast<std::size_t>(t * size + n)], expected) << n << " " << t;
        }
    }
    EXPECT_GT(count, 20);
}

TEST(ElmNodesInNetworks, spike_as_often_as_their_probabilities_say) {
    constexpr std::int64_t size = 100, steps = 2000;
    const auto engine = network::make_time_stepped_engine(driven_cells(size, true), DType::f64);
    engine->advance(steps);
    const std::vector<bool> found = spiked(*engine, size);
    double count = 0, expected = 0, variance = 0;
    for (std::int64_t n = 0; n < size; ++n) {
        std::int64_t last = -10;
        for (std::int64_t t = 0; t < steps; ++t) {
            const bool spike = found[static_cast<std::size_t>(t * size + n)];
            if (t - last <= 2) {
                EXPECT_FALSE(spike) << "in the refractory period";
                continue;
            }
            const double p = engine->traces()[0].at(t, 0, n);
            expected += p;
            variance += p * (1 - p);
            count += spike ? 1 : 0;
            if (spike) last = t;
        }
    }
    EXPECT_GT(expected, 200);
    EXPECT_NEAR(count, expected, 4 * std::sqrt(variance));
}

/// A tenth of a step has the tenth of the rate: 1 - (1 - p)^(1/10).
TEST(ElmNodesInNetworks, probabilities_follow_the_time_step) {
    ElmModel model = make_random_elm({options_of(ElmVersion::v2, SynapseRouting::neuronio)});
    for (NamedArray& array : model.parameters) {
        if (array.name == "w_y.weight") std::fill(array.values.begin(), array.values.end(), 0.0);
        if (array.name == "w_y.bias") array.values = {-1.5, 0};
    }
    model.options.time_step_ms = 0.1;
    NetworkDescription network;
    network.time_step_ms = 0.1;
    network.populations = {elm_population("cells", 3, node_of(model))};
    network.traces = {{.population = 0, .states = {"spike_probability"}, .neurons = {2}}};
    const auto engine = network::make_time_stepped_engine(network, DType::f64);
    engine->advance(1);
    const double p = 1 / (1 + std::exp(1.5));
    EXPECT_NEAR(engine->traces()[0].at(0, 0, 0), 1 - std::pow(1 - p, 0.1), 1e-15);
}

/// Events of a Poisson input, by the synapse that they fall on.
TEST(ElmNodesInNetworks, poisson_events_fall_on_all_synapses_of_their_sign) {
    constexpr std::int64_t size = 130, steps = 200;
    NetworkDescription network;
    network.time_step_ms = 1;
    const ElmModel model = make_random_elm({options_of(ElmVersion::v2, SynapseRouting::neuronio)});
    network.populations = {elm_population("cells", size, node_of(model))};
    network.poisson = {{.to = 0, .rate_hz = 600, .weight = 2},
                       {.to = 0, .rate_hz = 1200, .weight = -3}};
    network::NetworkSlice<double> slice(network, 0, 1, network::rows_needed(network));
    network::SliceDrive<double> drive(network, slice);
    const std::int64_t n_input = model.options.n_input;
    std::vector<double> sums(static_cast<std::size_t>(n_input));
    for (std::int64_t step = 0; step < steps; ++step) {
        double* const inputs = slice.populations()[0].rows[0];
        drive.add_poisson(step, slice);
        for (std::int64_t i = 0; i < size * n_input; ++i) {
            sums[static_cast<std::size_t>(i % n_input)] += inputs[i];
            inputs[i] = 0;
        }
    }
    const auto expect_flat = [&](std::size_t first, double weight, double rate_hz) {
        const double mean = rate_hz / 1000 * size * steps / 15;
        double chi_squared = 0;
        for (std::size_t i = first; i < first + 15; ++i) {
            const double count = sums[i] / weight;
            EXPECT_EQ(count, std::round(count));
            chi_squared += (count - mean) * (count - mean) / mean;
        }
        EXPECT_NEAR(chi_squared, 15, 4 * std::sqrt(30.0));
    };
    expect_flat(0, 2, 600);
    expect_flat(15, -3, 1200);
}

/// Synapses of a connection fall on all inputs of their sign, or on those that are named.
TEST(ElmNodesInNetworks, connections_choose_among_the_synapses_of_their_sign) {
    NetworkDescription network;
    network.time_step_ms = 1;
    const ElmModel model = make_random_elm({options_of(ElmVersion::v2, SynapseRouting::neuronio)});
    Population source{.name = "source", .size = 60, .model = "spikes"};
    for (std::int64_t i = 0; i < source.size; ++i) {
        source.spike_times.push_back(1);
        source.spike_neurons.push_back(i);
    }
    network.populations = {source, elm_population("cells", 200, node_of(model))};
    const auto sums_of = [&](double weight, std::optional<Distribution> synapse) {
        Connection c{.from = 0, .to = 1, .rule = ConnectionRule::fixed_in_degree, .degree = 60};
        c.weight = Distribution::constant(weight);
        c.synapse = std::move(synapse);
        c.delay_ms = Distribution::constant(1);
        network.connections = {c};
        network::NetworkSlice<double> slice(network, 0, 1, network::rows_needed(network));
        const auto projections = network::projections_of(network);
        const auto rows = network::wire(network, projections, slice);
        std::vector<double> sums(30);
        const std::int64_t begin = slice.slot_of(slice.populations()[1].rows[0]);
        for (std::int64_t s = 0; s < source.size; ++s) {
            if (rows.row(s) == nullptr) continue;
            network::SynapseGroup<double> group(rows.row(s));
            for (; !group.is_end(); group = network::SynapseGroup<double>(group.next_head())) {
                group.for_each([&](std::size_t slot, double value) {
                    sums[(slot - static_cast<std::size_t>(begin)) % 30] += value;
                });
            }
        }
        return sums;
    };
    const double mean = 200.0 * 60 / 15;
    for (const double weight : {1.0, -1.0}) {
        const std::vector<double> sums = sums_of(weight, std::nullopt);
        double chi_squared = 0;
        for (std::size_t i = 0; i < 30; ++i) {
            const bool is_own = (i < 15) == (weight > 0);
            if (!is_own) {
                EXPECT_EQ(sums[i], 0) << i;
                continue;
            }
            chi_squared += (weight * sums[i] - mean) * (weight * sums[i] - mean) / mean;
        }
        EXPECT_NEAR(chi_squared, 15, 4 * std::sqrt(30.0));
    }
    EXPECT_EQ(sums_of(2, Distribution::constant(7))[7], 2.0 * 200 * 60);
    const std::vector<double> some = sums_of(-1, Distribution::uniform(3, 5));
    EXPECT_EQ(some[18] + some[19] + some[20], -200.0 * 60);
    for (const std::size_t i : {18U, 19U, 20U}) {
        EXPECT_NEAR(some[i], -200.0 * 20, 4 * std::sqrt(200.0 * 60 * 2 / 9));
    }
}

TEST(ElmNodesInNetworks, what_cannot_be_is_refused_with_its_place) {
    const std::string head = "[network]\ntime_step = 1\n[population.a]\nsize = 10\nneuron = ";
    const auto says = [&](const std::string& rest) {
        return message_of([&] { network::parse_network(head + rest, "net.toml"); });
    };
    const auto expect = [&](const std::string& rest, const std::string& part) {
        EXPECT_NE(says(rest).find(part), std::string::npos) << says(rest);
    };
    const std::string cell = "\"elm\"\nmodel = \"l5pc-elm-20\"\n";
    EXPECT_EQ(says(cell), "no error");
    expect("\"elm\"\n", "net.toml:3:");
    expect("\"elm\"\nmodel = \"l5pc-elm-21\"\n", "Did you mean l5pc-elm-20?");
    expect(cell + "spikes = \"sometimes\"\n", "expected \"drawn\" or \"threshold\"");
    expect(cell + "threshold = 1.5\n", "expected 0 to 1");
    expect(cell + "initial = { spike_probability = 0 }\n", "initial");
    const auto connection = [&](const std::string& more) {
        return cell +
               "[[connection]]\nfrom = \"a\"\nto = \"a\"\nrule = \"all-to-all\"\ndelay = 1\n" +
               more;
    };
    EXPECT_EQ(says(connection("weight = 1\nsynapse = 638\n")), "no error");
    expect(connection("weight = 1\nsynapse = 639\n"), "expected 0 to 638");
    expect(connection("weight = -1\nsynapse = { uniform = [600, 700] }\n"), "expected 0 to 638");
    expect(connection("weight = 1\nsynapse = 1.5\n"), "whole numbers");
    expect(connection("weight = 1\nsynapse = { normal = [5, 1] }\n"), "uniform = [first, last]");
    expect(connection("weight = 1\nstdp = { largest_weight = 2 }\n"), "keep their weights");
    expect(cell + "[[current]]\nto = \"a\"\namplitude = 1\n", "there is no input current");
    expect(
        "\"lif\"\n[[connection]]\nfrom = \"a\"\nto = \"a\"\nrule = \"all-to-all\"\ndelay = 1\n"
        "weight = 1\nsynapse = 2\n",
        "no ELM neurons");
}

TEST(ElmNodesInNetworks, step_as_their_model_does) {
    NetworkDescription network = driven_cells(3, true);
    const auto message = [&] {
        return message_of([&] { network::make_time_stepped_engine(network, DType::f32); });
    };
    EXPECT_EQ(message(), "no error");
    network.time_step_ms = 0.5;
    EXPECT_NE(message().find("l5pc-elm-20 has steps of 1 ms, the network of 0.5 ms"),
              std::string::npos)
        << message();
    network.time_step_ms = 1;
    network.populations[0].elm->fit_step_ms = 0;
    EXPECT_NE(message().find("fit_step_ms: 0, expected a positive time"), std::string::npos)
        << message();
}

}  // namespace
}  // namespace elm::test

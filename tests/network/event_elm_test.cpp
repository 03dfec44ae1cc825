// ELM neurons without a grid: on inputs of the grid they are those of the grid; between, what their
// equations say.

#include <gtest/gtest.h>

#include <cmath>

#include "network/event_driven/event_driven_engine.h"
#include "network/event_driven/event_elm.h"
#include "network/neurons/population_neuron.h"
#include "network/recording/network_checkpoint.h"
#include "network/time_stepped/time_stepped_engine.h"
#include "tests/support/compare.h"
#include "tests/support/error_message.h"
#include "tests/support/random_elm.h"
#include "tests/support/temporary_directory.h"

namespace elm::test {
namespace {

using network::Connection;
using network::Distribution;
using network::EventElm;
using network::NetworkDescription;
using network::Population;

ElmOptions options_of(ElmVersion version, SynapseRouting routing) {
    ElmOptions options;
    options.version = version;
    options.routing = routing;
    options.n_input = 30;
    options.n_output = 2;
    options.n_memory = 8;
    options.activation = version == ElmVersion::v1         ? HiddenUnit::silu
                         : routing == SynapseRouting::none ? HiddenUnit::relu2
                                                           : HiddenUnit::relu;
    if (routing == SynapseRouting::neuronio) {
        options.n_branch = 5;
        options.n_synapse_per_branch = 10;
    }
    return options;
}

class EventElmNeurons : public ::testing::TestWithParam<RandomElm> {};
INSTANTIATE_TEST_SUITE_P(
    Versions, EventElmNeurons,
    ::testing::Values(RandomElm{options_of(ElmVersion::v1, SynapseRouting::neuronio)},
                      RandomElm{options_of(ElmVersion::v1, SynapseRouting::neuronio), true},
                      RandomElm{options_of(ElmVersion::v2, SynapseRouting::neuronio)},
                      RandomElm{options_of(ElmVersion::v2, SynapseRouting::none), true}),
    [](const auto& instance) {
        const ElmOptions& options = instance.param.options;
        return std::string(options.version == ElmVersion::v1 ? "v1" : "v2") +
               (options.routing == SynapseRouting::none ? "_plain" : "_neuronio") +
               (instance.param.unequal_tau ? "_unequal" : "");
    });

/// Inputs that come every step of the fit: the naive loop of the model.
TEST_P(EventElmNeurons, are_the_model_where_inputs_come_every_step) {
    constexpr std::int64_t n_steps = 200;
    const ElmModel model = make_random_elm(GetParam());
    const auto n_input = model.options.n_input;
    const SpikeTrain spikes = random_spikes(1, n_steps, n_input, 0.1, 3);
    std::vector<double> input(static_cast<std::size_t>(n_steps * n_input));
    const EventElm elm(model, 1);
    EventElm::State state = elm.initial();
    EventElm::Scratch scratch;
    std::vector<double> found, output(2);
    for (std::int64_t t = 0; t < n_steps; ++t) {
        elm.decay(state, 1);
        for (const std::int32_t unit : spikes.row(0, t)) {
            const double value = unit % 2 == 0 ? 1.5 : -1;
            input[static_cast<std::size_t>(t * n_input + unit)] = value;
            elm.receive(state, unit, value);
        }
        elm.drive(state, 1, scratch);
        elm.read_out(state, output);
        found.insert(found.end(), output.begin(), output.end());
    }
    const auto expected = reference::run_elm(reference_of(model), input.data(), n_steps).output;
    EXPECT_CLOSE(found, expected, {.condition = 64, .terms = n_steps});
}

/// 30 ms without input behind some spikes, in ever smaller gaps: errors of first order.
TEST_P(EventElmNeurons, come_to_one_solution_as_gaps_become_small) {
    const ElmModel model = make_random_elm(GetParam());
    const EventElm elm(model, 1);
    EventElm::Scratch scratch;
    const auto memory_after = [&](std::int64_t n) {
        EventElm::State state = elm.initial();
        for (const std::int64_t input : {0, 7, 12, 25}) elm.receive(state, input, 1);
        const double gap = 30.0 / static_cast<double>(n);
        for (std::int64_t i = 0; i < n; ++i) {
            elm.decay(state, gap);
            elm.drive(state, gap, scratch);
        }
        return state.memory;
    };
    const auto distance = [&](const std::vector<double>& a, const std::vector<double>& b) {
        double most = 0;
        for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
        return most;
    };
    const auto coarse = memory_after(3000), middle = memory_after(6000), fine = memory_after(12000);
    const double first = distance(coarse, middle), second = distance(middle, fine);
    EXPECT_GT(first, 1e-9);
    EXPECT_NEAR(first / second, 2, 0.1);
}

/// What no drive acts on decays as an exponential over a gap of any length.
TEST(EventElmDecay, is_exact_over_any_gap) {
    const ElmModel model =
        make_random_elm({options_of(ElmVersion::v1, SynapseRouting::neuronio), true});
    const EventElm elm(model, 1);
    EventElm::State once = elm.initial();
    for (double& value : once.memory) value = 0.7;
    for (std::int64_t input = 0; input < 30; ++input) elm.receive(once, input, 1);
    EventElm::State often = once;
    elm.decay(once, 17.25);
    for (const double gap : {0.125, 16.0, 0.0, 1.125}) elm.decay(often, gap);
    EXPECT_CLOSE(often.traces, once.traces, {.condition = 8});
    EXPECT_CLOSE(often.memory, once.memory, {.condition = 8});
}

Population cells_of(const std::string& model, std::int64_t size, bool draws) {
    Population cells{.name = "cells", .size = size, .model = "elm"};
    cells.elm = network::load_elm_node(model, "", 1);
    cells.elm->draws_spikes = draws;
    cells.parameters["refractory_period"] = Distribution::constant(3);
    cells.parameters["threshold"] = Distribution::constant(0.03);
    return cells;
}

/// Cells that excite each other, under spikes at whole milliseconds.
NetworkDescription on_the_grid() {
    NetworkDescription network;
    network.time_step_ms = 1;
    network.seed = 2;
    Population source{.name = "source", .size = 200, .model = "spikes"};
    const SpikeTrain spikes = random_spikes(1, 400, 200, 0.06, 8);
    for (std::int64_t t = 0; t < 400; ++t) {
        for (const std::int32_t unit : spikes.row(0, t)) {
            source.spike_times.push_back(static_cast<double>(t + 1));
            source.spike_neurons.push_back(unit);
        }
    }
    network.populations = {source, cells_of("l5pc-elm-20", 12, false)};
    for (const std::size_t from : {0UL, 0UL, 1UL}) {
        Connection c{.from = from, .to = 1, .rule = network::ConnectionRule::fixed_in_degree};
        const bool inhibits = network.connections.size() == 1;
        c.weight = Distribution::constant(inhibits ? -1 : 1);
        c.degree = inhibits ? 110 : from == 1 ? 4 : 300;
        c.delay_ms = Distribution::constant(inhibits ? 2 : 1);
        network.connections.push_back(c);
    }
    return network;
}

TEST(EventElmNetworks, have_the_spikes_of_the_grid_on_inputs_of_the_grid) {
    const NetworkDescription network = on_the_grid();
    const auto grid = make_time_stepped_engine(network, DType::f64);
    const auto events = make_event_driven_engine(network);
    for (const auto& engine : {grid.get(), events.get()}) engine->advance(400);
    EXPECT_GT(grid->spikes()[1].size(), 40);
    EXPECT_EQ(events->spikes()[1].times_ms, grid->spikes()[1].times_ms);
    EXPECT_EQ(events->spikes()[1].neurons, grid->spikes()[1].neurons);
}

/// Poisson trains, drawn spikes.
TEST(EventElmNetworks, go_on_from_a_checkpoint_with_the_same_spikes) {
    NetworkDescription network;
    network.time_step_ms = 1;
    network.seed = 4;
    network.populations = {cells_of("l5pc-elm-20", 60, true)};
    network.poisson = {{.to = 0, .rate_hz = 14000, .weight = 1},
                       {.to = 0, .rate_hz = 6000, .weight = -1}};
    const auto events = make_event_driven_engine(network);
    events->advance(1000);
    EXPECT_GT(events->spikes()[0].size(), 50);

    const TemporaryDirectory folder;
    const std::string path = (folder / "run.checkpoint.h5").string();
    const network::CheckpointOwner owner{&network, "event-driven", DType::f64};
    const auto first = make_event_driven_engine(network);
    first->advance(777);
    network::write_network_checkpoint(path, owner, "", *first);
    const auto second = make_event_driven_engine(network);
    network::read_network_checkpoint(path, owner, *second);
    second->advance(1000 - 777);
    EXPECT_EQ(second->spikes()[0].times_ms, events->spikes()[0].times_ms);
    EXPECT_EQ(second->spikes()[0].neurons, events->spikes()[0].neurons);
}

TEST(EventElmNetworks, name_the_neuron_and_time_of_an_output_that_is_no_number) {
    NetworkDescription network = on_the_grid();
    network.connections.resize(1);
    network.connections[0].weight = Distribution::constant(1e308);
    const auto engine = make_event_driven_engine(network);
    const std::string message = message_of([&] { engine->advance(100); });
    EXPECT_NE(message.find("population cells, neuron"), std::string::npos) << message;
    EXPECT_NE(message.find("stopped being finite at"), std::string::npos) << message;
}

}  // namespace
}  // namespace elm::test

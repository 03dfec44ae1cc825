// The event-driven engine: exact spike times against other simulators, closed forms and the grid.

#include "network/event_driven/event_driven_engine.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "kernels/core/random/random_key.h"
#include "kernels/core/support/error.h"
#include "network/event_driven/event_neurons.h"
#include "network/time_stepped/time_stepped_engine.h"
#include "tests/network/golden_cases.h"
#include "tests/support/compare.h"
#include "tests/support/error_message.h"

namespace elm::test {
namespace {

using network::Connection;
using network::Distribution;
using network::EventLifExponential;
using network::NetworkDescription;

struct PreciseCase {
    const char* name;
    const char* neuron;
    const std::vector<ParameterName>* parameters;
    double weight_unit;
};
void PrintTo(const PreciseCase& c, std::ostream* out) { *out << c.name; }

class PreciseSpikes : public ::testing::TestWithParam<PreciseCase> {};

TEST_P(PreciseSpikes, are_those_of_nest_to_a_billionth_of_a_millisecond) {
    ELM_SKIP_WITHOUT_GOLDEN_NETWORKS();
    const PreciseCase& c = GetParam();
    const Hdf5File file = Hdf5File::open(golden_networks);
    const std::string group = std::string("/precise/") + c.name;
    NetworkDescription network;
    network::Population neuron{.name = "neuron", .size = 1, .model = c.neuron};
    set_parameters(file, group, *c.parameters, neuron);
    neuron.parameters["constant_current"] =
        Distribution::constant(per_thousand * file.number_attribute(group, "p_I_e"));
    neuron.initial["membrane_potential"] =
        Distribution::constant(file.number_attribute(group, "initial_V_m"));
    network.populations.push_back(neuron);
    add_arrivals(network, file, group, "exc", c.weight_unit);
    add_arrivals(network, file, group, "inh", c.weight_unit);
    const auto engine = make_event_driven_engine(network);
    engine->advance(2000);
    const auto expected = file.read<double>(group + "/spikes");
    EXPECT_GE(expected.size(), 3u);
    EXPECT_EQ(difference_above(engine->spikes()[0].times_ms, expected, 1e-9), "");
}
INSTANTIATE_TEST_SUITE_P(
    Nest, PreciseSpikes,
    ::testing::Values(
        PreciseCase{"iaf_psc_exp_ps", "lif_exponential", &current_based, per_thousand},
        PreciseCase{"iaf_psc_exp_ps_fine", "lif_exponential", &current_based, per_thousand},
        PreciseCase{"iaf_psc_alpha_ps", "lif_alpha", &current_based, per_thousand},
        PreciseCase{"iaf_psc_exp_ps_equal_tau", "lif_exponential", &current_based, per_thousand},
        PreciseCase{"iaf_psc_exp_ps_lossless", "lif_exponential", &current_based, per_thousand},
        PreciseCase{"cuba_pending", "lif_exponential", &current_based, per_thousand},
        PreciseCase{"iaf_psc_delta_ps", "lif", &delta_based, 1}),
    [](const auto& instance) { return std::string(instance.param.name); });

class PreciseNetworks : public ::testing::TestWithParam<const char*> {};

TEST_P(PreciseNetworks, have_every_spike_of_nest) {
    ELM_SKIP_WITHOUT_GOLDEN_NETWORKS();
    const Hdf5File file = Hdf5File::open(golden_networks);
    const NetworkDescription network =
        golden_network(file, GetParam(), "lif_exponential", current_based, per_thousand);
    const auto engine = make_event_driven_engine(network);
    engine->advance(std::llround(network.duration_ms / network.time_step_ms));
    const auto& spikes = engine->spikes()[0];
    for (const char* const grid : {"/nest", "/nest_dt_0_01"}) {
        const std::string group = std::string("/network/") + GetParam() + grid;
        EXPECT_EQ(difference_above(spikes.times_ms, file.read<double>(group + "/spike_time"), 1e-8),
                  "");
        EXPECT_EQ(std::vector<std::int32_t>(spikes.neurons.begin(), spikes.neurons.end()),
                  file.read<std::int32_t>(group + "/spike_neuron"));
    }
}
INSTANTIATE_TEST_SUITE_P(Nest, PreciseNetworks,
                         ::testing::Values("precise_exp_one_tau", "precise_exp_two_tau"),
                         [](const auto& instance) { return std::string(instance.param); });

/// A neuron that a constant current drives: intervals of the closed form.
TEST(EventDrivenEngine, a_driven_neuron_fires_at_the_intervals_of_the_closed_form) {
    for (const char* const model : {"lif", "lif_exponential"}) {
        NetworkDescription network;
        network.populations = {{.name = "cell", .size = 1, .model = model}};
        network.populations[0].parameters["constant_current"] = Distribution::constant(0.5);
        network.populations[0].initial["membrane_potential"] = Distribution::constant(-65);
        const auto engine = network::make_event_driven_engine(network);
        engine->advance(1000);
        const double interval = 10 * std::log(20.0 / 5.0);  // 40 MOhm: 20 mV above rest
        ASSERT_EQ(engine->spikes()[0].size(), 6) << model;
        for (std::size_t k = 0; k < 6; ++k) {
            EXPECT_NEAR(engine->spikes()[0].times_ms[k],
                        interval + static_cast<double>(k) * (interval + 2), 1e-12)
                << model;
        }
    }
}

double drawn(std::int64_t k, std::int64_t i, double low, double high) {
    return low + (high - low) * unit_uniform<double>(random_word({6, 0, 0}, 8 * k + i));
}

/// The first crossing against a scan in steps of 1 us, for random states: none is missed or made
/// up, also those that the potential leaves again before the horizon. There are to be enough of
/// those: the states say how many are drawn.
template <class Model>
void expect_first_crossings(std::int64_t n_states,
                            const std::function<typename Model::State(std::int64_t)>& state_of) {
    constexpr double horizon = 20, fine = 1e-3;
    std::int64_t n_crossings = 0, n_returns = 0;
    for (std::int64_t k = 0; k < n_states; ++k) {
        const auto uniform = [&](std::int64_t i, double low, double high) {
            return drawn(k, i, low, high);
        };
        const typename Model::Coefficients c{
            10, 0.25, uniform(0, 0.3, 12), uniform(1, 0.3, 12), uniform(2, -70, -49), -50, -65};
        const typename Model::State start = state_of(k);
        double expected = network::never;
        bool comes_back = false;
        for (std::int64_t i = 1; i <= static_cast<std::int64_t>(horizon / fine); ++i) {
            typename Model::State state = start;
            Model::advance(c, state, static_cast<double>(i) * fine);
            const bool above = state.membrane_potential >= c.threshold;
            if (above && expected == network::never) expected = static_cast<double>(i) * fine;
            if (!above && expected < network::never) comes_back = true;
        }
        const double found = Model::next_spike(c, start, horizon);
        if (expected == network::never) {
            // A crossing shorter than a step of the scan is no mistake.
            if (found == network::never) continue;
            typename Model::State state = start;
            Model::advance(c, state, found);
            EXPECT_NEAR(state.membrane_potential, c.threshold, 1e-9) << k;
            continue;
        }
        ++n_crossings;
        n_returns += comes_back ? 1 : 0;
        EXPECT_LE(found, expected + 1e-12) << k;
        EXPECT_GE(found, expected - fine - 1e-12) << k;
        typename Model::State state = start;
        Model::advance(c, state, found);
        EXPECT_NEAR(state.membrane_potential, c.threshold, 1e-9) << k;
    }
    EXPECT_GT(n_crossings, 60);
    EXPECT_GT(n_returns, 30);
}

TEST(EventLifExponential, finds_the_first_crossing_of_any_state) {
    expect_first_crossings<EventLifExponential>(400, [](std::int64_t k) {
        return EventLifExponential::State{drawn(k, 3, -65, -50.2), drawn(k, 4, -0.3, 2),
                                          drawn(k, 5, -2, 0.3)};
    });
}

/// Of these states 5.5 % cross and come back, 44 +- 6 of 800 (of those with exponential currents
/// 10 %): Runge-Kutta over 20,000 draws of the same ranges.
TEST(EventLifAlpha, finds_the_first_crossing_of_any_state) {
    expect_first_crossings<network::EventLifAlpha>(800, [](std::int64_t k) {
        return network::EventLifAlpha::State{drawn(k, 3, -65, -50.2), drawn(k, 4, -0.3, 1),
                                             drawn(k, 5, -0.2, 2), drawn(k, 6, -1, 0.3),
                                             drawn(k, 7, -2, 0.2)};
    });
}

/// Neurons that listen to noise and inhibit each other.
NetworkDescription noisy(double time_step_ms) {
    NetworkDescription network;
    network.time_step_ms = time_step_ms;
    network.seed = 8;
    network.populations = {{.name = "cells", .size = 50, .model = "lif_exponential"}};
    network::Population noise{.name = "noise", .size = 50, .model = "spikes"};
    // Times on the grid of 0.5 ms, so that every step below has them at its end.
    for (std::int64_t i = 0; i < 4000; ++i) {
        const std::uint32_t word = random_word({2, 0, 0}, i);
        noise.spike_neurons.push_back(static_cast<std::int64_t>(word % 50));
        noise.spike_times.push_back(0.5 * static_cast<double>(1 + (word >> 8) % 300));
    }
    network.populations.push_back(noise);
    Connection drive{
        .from = 1, .to = 0, .rule = network::ConnectionRule::fixed_in_degree, .degree = 12};
    drive.weight = Distribution::constant(0.4);
    drive.delay_ms = Distribution::constant(1);
    network.connections.push_back(drive);
    return network;
}

/// The grid reports a spike at the end of its step, half a step late on average: the error of each
/// neuron's first spike falls with the step, first order.
TEST(EventDrivenEngine, the_grid_converges_to_it_with_first_order) {
    const auto first_spikes = [](const network::Engine& engine) {
        std::vector<double> first(50, network::never);
        const auto& spikes = engine.spikes()[0];
        for (std::size_t i = 0; i < spikes.times_ms.size(); ++i) {
            double& time = first[spikes.neurons[i]];
            time = std::min(time, spikes.times_ms[i]);
        }
        return first;
    };
    const auto exact = make_event_driven_engine(noisy(0.5));
    exact->advance(320);
    EXPECT_GT(exact->spikes()[0].size(), 200);
    const std::vector<double> reference = first_spikes(*exact);
    std::vector<double> errors;
    for (const double step : {0.125, 0.03125}) {
        const auto grid = make_time_stepped_engine(noisy(step), DType::f64);
        grid->advance(std::llround(160 / step));
        const std::vector<double> found = first_spikes(*grid);
        double sum = 0;
        for (std::size_t n = 0; n < 50; ++n) {
            EXPECT_GE(found[n], reference[n] - 1e-9) << step << " " << n;
            sum += found[n] - reference[n];
        }
        errors.push_back(sum / 50);
        EXPECT_GT(errors.back(), 0.2 * step);
        EXPECT_LT(errors.back(), 0.8 * step);
    }
    EXPECT_NEAR(errors[0] / errors[1], 4, 1.5);
}

/// Delta synapses, events on the grid, no spike but at events: both engines have the same spikes.
TEST(EventDrivenEngine, agrees_with_the_grid_on_input_that_lies_on_it) {
    NetworkDescription network = noisy(0.125);
    network.populations[0].model = "lif";
    network.connections[0].weight = Distribution::constant(2);
    Connection recurrent{
        .from = 0, .to = 0, .rule = network::ConnectionRule::fixed_in_degree, .degree = 5};
    recurrent.weight = Distribution::uniform(-3, 1);
    recurrent.delay_ms = Distribution::constant(0.75);
    network.connections.push_back(recurrent);
    const auto exact = make_event_driven_engine(network);
    const auto grid = make_time_stepped_engine(network, DType::f64);
    exact->advance(1200);
    grid->advance(1200);
    EXPECT_GT(grid->spikes()[0].size(), 100);
    EXPECT_EQ(exact->spikes()[0].neurons, grid->spikes()[0].neurons);
    EXPECT_EQ(difference_above(exact->spikes()[0].times_ms, grid->spikes()[0].times_ms, 1e-9), "");
}

TEST(EventDrivenEngine, goes_on_the_same_in_pieces) {
    const auto whole = make_event_driven_engine(noisy(0.1)),
               pieces = make_event_driven_engine(noisy(0.1));
    whole->advance(1000);
    for (const std::int64_t steps : {1, 399, 600}) pieces->advance(steps);
    EXPECT_EQ(whole->spikes()[0].times_ms, pieces->spikes()[0].times_ms);
    EXPECT_EQ(whole->n_events(), pieces->n_events());
}

TEST(EventDrivenEngine, refuses_what_only_the_grid_has) {
    NetworkDescription network = noisy(0.1);
    network.populations[0].model = "lif_conductance";
    network.populations[0].place = "net.toml:3:1";
    EXPECT_EQ(message_of([&] { network::make_event_driven_engine(network); }),
              "net.toml:3:1: the event-driven engine has no neuron lif_conductance. Use the "
              "time-stepped one.");
    network = noisy(0.1);
    network.currents = {{.to = 0, .amplitude = 1}};
    EXPECT_NE(message_of([&] { network::make_event_driven_engine(network); }).find("step currents"),
              std::string::npos);
    network = noisy(0.1);
    network.traces = {{.population = 0, .states = {"membrane_potential"}, .neurons = {0}}};
    EXPECT_EQ(message_of([&] { network::make_event_driven_engine(network); }),
              "the event-driven engine has no traces. Use the time-stepped one, or take [[trace]] "
              "out.");
}

TEST(EventDrivenEngine, says_what_it_needs_before_it_takes_it) {
    NetworkDescription network;
    network.populations = {{.name = "cells", .size = 1'000'000, .model = "lif"}};
    Connection connection{.from = 0, .to = 0};
    connection.delay_ms = Distribution::constant(1);
    network.connections = {connection};
    const std::string message = message_of([&] { network::make_event_driven_engine(network); });
    EXPECT_NE(message.find("1e+12 synapses of 1000000 neurons need 2.4e+04 GB"), std::string::npos)
        << message;
}

}  // namespace
}  // namespace elm::test

// Requirements on every neuron of neurons.def, and the closed forms of single ones.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "kernels/core/support/error.h"
#include "neuron/point/neuron_headers.h"
#include "neuron/point/neuron_registry.h"
#include "neuron/point/neuron_scan.h"
#include "tests/support/compare.h"
#include "tests/support/error_message.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

template <class, class... Neurons>
struct Listed {
    using Types = ::testing::Types<Neurons...>;
};
using EveryNeuron = Listed<void
#define ELM_ENTRY(id) , id##_neuron
#include "neuron/point/neurons.def"
#undef ELM_ENTRY
                           >::Types;

struct NameOf {
    template <class Neuron>
    static std::string GetName(int) {
        return Neuron::name;
    }
};

template <class Neuron>
class PointNeurons : public ::testing::Test {
public:
    using Lane = OneLane<double>;
    using State = typename Neuron::template State<double>;
    using Input = typename Neuron::template Input<double>;
    using Coefficients = typename Neuron::template Coefficients<double>;

    static auto parameters() { return neuron_parameters<Neuron>(neuron_options<Neuron>()); }

    template <class Members>
    static std::vector<double> values(const Members& members) {
        std::vector<double> result;
        Members::each(members, [&](const double& value) { result.push_back(value); });
        return result;
    }
    static Input input(double factor) {
        Input result{};
        std::size_t i = 0;
        Input::each(result, [&](double& value) { value = factor * Neuron::inputs[i++].value; });
        return result;
    }
    /// States after `duration` ms in `steps` without input, from a displaced initial state.
    static std::vector<double> run_free(ResetKind reset, double duration, int steps) {
        const Coefficients c = Neuron::coefficients_of(parameters(), duration / steps);
        GridState<Neuron, double> state{Neuron::template initial<Lane>(c)};
        std::size_t i = 0;
        State::each(state.own, [&](double& value) { value += Neuron::states[i++].value; });
        for (int t = 0; t < steps; ++t) {
            EXPECT_EQ((grid_step<Neuron, Lane>(c, reset, 0, state, Input{})), 0) << t;
        }
        return values(state.own);
    }
};
TYPED_TEST_SUITE(PointNeurons, EveryNeuron, NameOf);

TYPED_TEST(PointNeurons, is_found_by_its_name_with_all_that_it_says) {
    const NeuronEntry& entry = find_neuron(TypeParam::name);
    EXPECT_FALSE(entry.summary.empty());
    EXPECT_FALSE(entry.source.empty());
    EXPECT_EQ(entry.is_event, EventNeuron<TypeParam>);
    EXPECT_EQ(entry.is_trainable, TrainableNeuron<TypeParam>);
    std::set<std::string> names;
    for (const Option& option : entry.parameters.options()) {
        EXPECT_FALSE(option.help.empty()) << option.name;
        EXPECT_TRUE(names.insert(option.name).second) << option.name;
    }
    for (const NeuronQuantity& input : entry.inputs) EXPECT_NE(input.value, 0) << input.name;
    for (const NeuronQuantity& state : entry.states) EXPECT_NE(state.value, 0) << state.name;
    for (const NeuronCoefficient& coefficient : TypeParam::coefficients) {
        EXPECT_TRUE(names.insert(std::string("coefficient ") + coefficient.name).second);
    }
}

TYPED_TEST(PointNeurons, coefficients_are_finite_at_the_ends_of_each_range) {
    const OptionSet defaults = neuron_options<TypeParam>();
    for (const NeuronQuantity& parameter : TypeParam::parameters) {
        for (const double end : {parameter.value, parameter.lowest, parameter.highest}) {
            ASSERT_TRUE(std::isfinite(end)) << parameter.name;
            OptionSet options = defaults;
            options.set(parameter.name, fmt::format("{}", end));
            EXPECT_EQ(options.get<double>(parameter.name), end);
            typename TypeParam::template Parameters<double> values;
            try {
                values = neuron_parameters<TypeParam>(options);
            } catch (const Error&) {
                continue;  // does not go with the other defaults
            }
            for (const double coefficient :
                 TestFixture::values(TypeParam::coefficients_of(values, 0.1))) {
                EXPECT_TRUE(std::isfinite(coefficient)) << parameter.name << " " << end;
            }
        }
    }
}

TYPED_TEST(PointNeurons, refuses_what_is_out_of_range_and_names_what_is_near) {
    OptionSet options = neuron_options<TypeParam>();
    for (const NeuronQuantity& parameter : TypeParam::parameters) {
        const std::string name = parameter.name;
        const auto set = [&](const std::string& to, double value) {
            return message_of([&] { options.set(to, fmt::format("{}", value)); });
        };
        const double above = std::nextafter(parameter.highest, INFINITY),
                     below = std::nextafter(parameter.lowest, -INFINITY);
        EXPECT_NE(set(name, above).find("expected"), std::string::npos) << name;
        EXPECT_NE(set(name, below).find("expected"), std::string::npos) << name;
        EXPECT_NE(set(name, NAN).find("expected"), std::string::npos);
        EXPECT_NE(set(name + "x", parameter.value).find("Did you mean " + name + "?"),
                  std::string::npos);
    }
    EXPECT_NE(message_of([&] { options.set("reset", "to a vlue"); }).find("Did you mean"),
              std::string::npos);
}

/// Where steps are exact, few and many agree to rounding; else the error falls with the step.
TYPED_TEST(PointNeurons, steps_of_any_length_lead_to_one_place) {
    constexpr double duration = 8;
    for (const ResetKind reset : TypeParam::resets) {
        if constexpr (TypeParam::exact) {
            const auto one = this->run_free(reset, duration, 1);
            const auto many = this->run_free(reset, duration, 64);
            EXPECT_CLOSE(one, many, {.condition = 8, .terms = 64});
        } else {
            const auto right = this->run_free(reset, duration, 1 << 16);
            const auto coarse = this->run_free(reset, duration, 1 << 8);
            const auto fine = this->run_free(reset, duration, 1 << 9);
            for (std::size_t i = 0; i < right.size(); ++i) {
                const double error = std::abs(fine[i] - right[i]);
                if (error < 1e-10 * (1 + std::abs(right[i]))) continue;
                EXPECT_GT(std::abs(coarse[i] - right[i]), 1.7 * error) << TypeParam::states[i].name;
            }
        }
    }
}

/// Coefficients of default parameters as tensors of `neurons` equal numbers.
template <class Neuron>
typename Neuron::template Coefficients<Var> coefficients_of_scan(
    Stream& stream, const typename Neuron::template Coefficients<double>& c, ResetKind reset,
    std::int64_t neurons) {
    const std::vector<double> values = PointNeurons<Neuron>::values(c);
    typename Neuron::template Coefficients<Var> result{};
    std::size_t i = 0;
    Neuron::template Coefficients<Var>::each(result, [&](Var& coefficient) {
        const std::size_t at = i++;
        if (Neuron::coefficients[at].only_to_value && reset == ResetKind::by_subtraction) return;
        const std::vector<double> equal(static_cast<std::size_t>(neurons), values[at]);
        coefficient = {tensor_of(stream, {neurons}, DType::f64, equal)};
    });
    return result;
}

/// The scan beside step(), a neuron of a vector and one of the rest, in one piece and in two.
TYPED_TEST(PointNeurons, scan_is_its_steps) {
    if constexpr (TrainableNeuron<TypeParam>) {
        using Fixture = PointNeurons<TypeParam>;
        constexpr std::int64_t steps = 80, neurons = 21, first_steps = 33, refractory = 3;
        const double scale = TypeParam::inputs[0].value;
        const std::vector<double> currents =
            random_values(steps * neurons, -0.5 * scale, 1.5 * scale, {7});
        const auto c = TypeParam::coefficients_of(Fixture::parameters(), 1);
        Stream stream{Device{}};
        Context context{stream};
        for (const ResetKind reset : TypeParam::resets) {
            const auto weights = coefficients_of_scan<TypeParam>(stream, c, reset, neurons);
            const SpikeRule rule{.refractory_steps = refractory, .reset = reset};
            const auto scan = [&](std::int64_t begin, std::int64_t end, Tensor* state) {
                const std::vector<double> part(currents.begin() + begin * neurons,
                                               currents.begin() + end * neurons);
                const Var current{tensor_of(stream, {1, end - begin, neurons}, DType::f64, part)};
                return neuron_scan<TypeParam>(context, current, weights, rule, state);
            };
            const NeuronTraces whole = scan(0, steps, nullptr);
            const auto voltage = values_of(whole.voltage.value);
            const auto spikes = values_of(whole.spikes.value);
            std::vector<double> expected_voltage, expected_spikes, found_voltage, found_spikes;
            double count = 0;
            for (const std::int64_t neuron : {std::int64_t{0}, neurons - 1}) {
                GridState<TypeParam, double> state{TypeParam::template initial<OneLane<double>>(c)};
                for (std::int64_t t = 0; t < steps; ++t) {
                    const auto at = static_cast<std::size_t>(t * neurons + neuron);
                    auto before = state;
                    approach_threshold<TypeParam, OneLane<double>>(c, reset, before,
                                                                   {currents[at]});
                    expected_voltage.push_back(Fixture::values(before.own)[0]);
                    expected_spikes.push_back(grid_step<TypeParam, OneLane<double>>(
                        c, reset, refractory, state, {currents[at]}));
                    count += expected_spikes.back();
                    found_voltage.push_back(voltage[at]);
                    found_spikes.push_back(spikes[at]);
                }
            }
            EXPECT_GT(count, 4) << reset_name(reset);
            EXPECT_EQ(found_spikes, expected_spikes);
            EXPECT_CLOSE(found_voltage, expected_voltage, {.condition = 16, .terms = steps});

            Tensor state;
            std::vector<double> pieces = values_of(scan(0, first_steps, &state).voltage.value);
            const auto second = values_of(scan(first_steps, steps, &state).voltage.value);
            pieces.insert(pieces.end(), second.begin(), second.end());
            EXPECT_EQ(pieces, voltage);
        }
    } else {
        GTEST_SKIP() << TypeParam::name << " is not a TrainableNeuron";
    }
}

/// With smooth spikes the gradient is that of central differences, for every coefficient.
TYPED_TEST(PointNeurons, gradient_is_that_of_differences) {
    if constexpr (TrainableNeuron<TypeParam>) {
        using Fixture = PointNeurons<TypeParam>;
        constexpr std::int64_t batch = 2, steps = 9, neurons = 3;
        const double scale = TypeParam::inputs[0].value;
        const std::vector<double> c =
            Fixture::values(TypeParam::coefficients_of(Fixture::parameters(), 1));
        for (const ResetKind reset : TypeParam::resets) {
            OpCase op{.name = reset_name(reset), .inputs = {}, .run = {}, .reference = {}};
            op.inputs.push_back({.name = "current",
                                 .shape = {batch, steps, neurons},
                                 .low = -0.5 * scale,
                                 .high = 1.5 * scale});
            std::vector<bool> has;
            for (std::size_t i = 0; i < c.size(); ++i) {
                has.push_back(!TypeParam::coefficients[i].only_to_value ||
                              reset == ResetKind::to_value);
                if (!has.back()) continue;
                const double around = std::max(0.02 * std::abs(c[i]), 1e-3);
                op.inputs.push_back({.name = TypeParam::coefficients[i].name,
                                     .shape = {neurons},
                                     .low = c[i] - around,
                                     .high = c[i] + around});
            }
            const SpikeRule rule{.surrogate = {SurrogateKind::gaussian, 2 * scale, 0.2 / scale},
                                 .smooth = true,
                                 .reset = reset};
            op.run = [=](Context& context, std::span<const Var> in) {
                typename TypeParam::template Coefficients<Var> weights{};
                std::size_t i = 0, next = 1;
                TypeParam::template Coefficients<Var>::each(weights, [&](Var& weight) {
                    if (has[i++]) weight = in[next++];
                });
                const NeuronTraces traces = neuron_scan<TypeParam>(context, in[0], weights, rule);
                return std::vector<Var>{traces.voltage, traces.spikes, traces.distance};
            };
            op.longest_sum = batch * steps + 1;
            op.condition = 64;  // voltages of tens of mV, of which differences are taken
            EXPECT_EQ(check_gradient(op), "") << reset_name(reset);
        }
    } else {
        GTEST_SKIP() << TypeParam::name << " is not a TrainableNeuron";
    }
}

/// Events on grid points, with refractory times of whole steps: the spikes of the grid.
TYPED_TEST(PointNeurons, events_on_the_grid_have_the_spikes_of_the_grid) {
    if constexpr (EventNeuron<TypeParam>) {
        using Fixture = PointNeurons<TypeParam>;
        constexpr double time_step = 0.125;
        constexpr std::int64_t steps = 4000;
        auto parameters = Fixture::parameters();
        parameters.refractory_period = 2;
        const auto grid = TypeParam::coefficients_of(parameters, time_step);
        const auto events = TypeParam::event_coefficients_of(parameters);
        const auto refractory =
            static_cast<double>(refractory_steps_of(parameters.refractory_period, time_step));
        const std::vector<double> factors = random_values(steps, -4, 2.5, {11});

        GridState<TypeParam, double> on_grid{TypeParam::template initial<OneLane<double>>(grid)};
        auto between = on_grid.own;
        double last = 0, silent_until = -1;
        std::vector<std::int64_t> grid_spikes, event_spikes;
        std::vector<double> grid_states, event_states;
        for (std::int64_t t = 0; t < steps; ++t) {
            const double factor = factors[static_cast<std::size_t>(t)];
            const bool has_event = factor > 0 || t % 7 == 0;
            const auto input = Fixture::input(has_event ? factor : 0);
            if (grid_step<TypeParam, OneLane<double>>(grid, ResetKind::to_value, refractory,
                                                      on_grid, input) == 1) {
                grid_spikes.push_back(t);
            }
            const double now = static_cast<double>(t + 1) * time_step;
            if (!has_event || now <= silent_until) continue;
            const double gap = now - std::max(last, silent_until);
            EXPECT_EQ(TypeParam::next_spike_ms(events, between), INFINITY);
            TypeParam::advance(events, between, gap);
            TypeParam::deposit(events, between, input);
            last = now;
            if (TypeParam::next_spike_ms(events, between) > 0) {
                const auto here = Fixture::values(between), there = Fixture::values(on_grid.own);
                event_states.insert(event_states.end(), here.begin(), here.end());
                grid_states.insert(grid_states.end(), there.begin(), there.end());
                continue;
            }
            TypeParam::reset(events, between);
            silent_until = now + parameters.refractory_period;
            event_spikes.push_back(t);
        }
        EXPECT_GT(grid_spikes.size(), 20u);
        EXPECT_LT(grid_spikes.size(), static_cast<std::size_t>(steps) / 17);
        EXPECT_EQ(event_spikes, grid_spikes);
        EXPECT_CLOSE(event_states, grid_states, {.condition = 8, .terms = steps});
    } else {
        GTEST_SKIP() << TypeParam::name << " is not an EventNeuron";
    }
}

TEST(NeuronRegistry, names_what_is_near_an_unknown_name) {
    EXPECT_EQ(message_of([] { find_neuron("alf"); }), "there is no neuron alf. Did you mean alif?");
    EXPECT_EQ(all_neurons()[0].name, "lif");
    EXPECT_TRUE(all_neurons()[0].is_event);
}

TEST(NeuronRegistry, refuses_parameters_that_do_not_go_together) {
    OptionSet options = neuron_options<Lif>();
    options.set("reset_potential", "-40");
    EXPECT_EQ(neuron_parameters<Lif>(options).reset_potential, -40);  // which it does not use
    options.set("reset", "to a value");
    EXPECT_EQ(message_of([&] { neuron_parameters<Lif>(options); }),
              "neuron lif: reset_potential must lie below threshold");
    EXPECT_EQ(reset_of(options), ResetKind::to_value);
    EXPECT_EQ(reset_of(neuron_options<Lif>()), ResetKind::by_subtraction);
}

TEST(NeuronRegistry, refractory_times_are_the_nearest_steps) {
    EXPECT_EQ(refractory_steps_of(2, 0.1), 20);
    EXPECT_EQ(refractory_steps_of(0, 0.1), 0);
    EXPECT_EQ(refractory_steps_of(2, 5), 0);
    EXPECT_THROW(refractory_steps_of(2, 0), Error);
    EXPECT_THROW(refractory_steps_of(-1, 1), Error);
}

/// A constant current: intervals of tau_m ln((E - V_r) / (E - theta)) + refractory time.
TEST(LifNeuron, next_spike_is_that_of_the_closed_form) {
    auto parameters = neuron_parameters<Lif>(neuron_options<Lif>());
    parameters.constant_current = 0.5;  // 40 MOhm: 20 mV above rest, 5 mV above threshold
    const auto c = Lif::event_coefficients_of(parameters);
    Lif::State<double> state{parameters.reset_potential};
    const double interval = Lif::next_spike_ms(c, state);
    EXPECT_NEAR(interval, 10 * std::log(20.0 / 5.0), 1e-12);
    Lif::advance(c, state, interval);
    EXPECT_NEAR(state.membrane_potential, parameters.threshold, 1e-12);
    // The same rate on a fine grid: a spike at the next grid point.
    constexpr double time_step = 1.0 / 1024;
    const auto grid = Lif::coefficients_of(parameters, time_step);
    GridState<Lif, double> on_grid{{parameters.reset_potential}};
    std::int64_t steps = 1;
    while (grid_step<Lif, OneLane<double>>(grid, ResetKind::to_value, 0, on_grid, {0}) == 0)
        ++steps;
    EXPECT_EQ(steps, static_cast<std::int64_t>(std::ceil(interval / time_step)));
    parameters.constant_current = 0.375;  // towards the threshold, which is never reached
    EXPECT_EQ(Lif::next_spike_ms(Lif::event_coefficients_of(parameters), {-65}), INFINITY);
}

/// Without input and refractory time: the maxima that a Runge-Kutta method of fourth order has in
/// steps of 0.005 ms, one spike each. Where they lie is of second order in the step.
TEST(HhTraubNeuron, spikes_once_at_each_maximum) {
    const auto parameters = neuron_parameters<HhTraub>(neuron_options<HhTraub>());
    const std::vector<double> expected = {11.105, 83.280, 155.460, 227.635};
    const auto error_at = [&](double time_step) {
        const auto c = HhTraub::coefficients_of(parameters, time_step);
        GridState<HhTraub, double> state{HhTraub::initial<OneLane<double>>(c)};
        std::vector<double> found;
        for (int t = 0; t < std::lround(240 / time_step); ++t) {
            if (grid_step<HhTraub, OneLane<double>>(c, ResetKind::to_value, 0, state, {}) == 1) {
                found.push_back(t * time_step);
            }
        }
        EXPECT_EQ(found.size(), expected.size()) << time_step;
        double error = 0;
        for (std::size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
            error = std::max(error, std::abs(found[i] - expected[i]));
        }
        return error;
    };
    // A step for the grid, half a one of the reference, and what the method is off at 0.1 ms.
    for (const double time_step : {0.1, 0.025, 0.00625}) {
        EXPECT_LE(error_at(time_step), time_step + 0.0025 + 20 * time_step * time_step);
    }
}

}  // namespace
}  // namespace elm::test

// The spike response model beside the sums of its kernels.

#include "neuron/point/srm0.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/core/support/check.h"
#include "neuron/point/neuron_registry.h"
#include "tests/support/compare.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

constexpr double time_step = 0.1;
constexpr std::int64_t steps = 3000;

struct Event {
    double time, weight;
};

/// Response to a synaptic event of 1 nA.
double eps(const Srm0::Parameters<double>& p, double tau, double s) {
    if (s <= 0) return 0;
    return p.tau_m * tau / (p.membrane_capacitance * (p.tau_m - tau)) *
           (std::exp(-s / p.tau_m) - std::exp(-s / tau));
}

TEST(Srm0, has_the_potential_that_its_kernels_sum_up_to) {
    auto p = neuron_parameters<Srm0>(neuron_options<Srm0>());
    p.tau_excitatory = 3;
    p.tau_inhibitory = 7;
    p.tau_reset = 25;
    p.constant_current = 0.55;
    const auto c = Srm0::coefficients_of(p, time_step);
    const std::vector<double> draws = random_values(steps, 0, 1, {5});
    for (const ResetKind reset : Srm0::resets) {
        GridState<Srm0, double> state{Srm0::initial<OneLane<double>>(c)};
        std::vector<Event> excitatory, inhibitory;
        std::vector<double> spikes, found, expected;
        for (std::int64_t t = 0; t < steps; ++t) {
            const double draw = draws[static_cast<std::size_t>(t)];
            const double end = static_cast<double>(t + 1) * time_step;
            const bool flows = t >= 1000 && t < 1400;  // the step current
            Srm0::Input<double> input{draw < 0.08 ? 8 * draw : 0, draw > 0.95 ? -0.3 : 0,
                                      flows ? 0.2 : 0};
            const double spike = grid_step<Srm0, OneLane<double>>(c, reset, 20, state, input);
            if (input.excitatory != 0) excitatory.push_back({end, input.excitatory});
            if (input.inhibitory != 0) inhibitory.push_back({end, input.inhibitory});
            if (spike == 1) spikes.push_back(end);

            double v = p.resting_potential + p.tau_m / p.membrane_capacitance * p.constant_current;
            for (const Event& event : excitatory)
                v += event.weight * eps(p, p.tau_excitatory, end - event.time);
            for (const Event& event : inhibitory)
                v += event.weight * eps(p, p.tau_inhibitory, end - event.time);
            const double from = 1000 * time_step, to = std::min(end, 1400 * time_step);
            if (end > from) {
                v += 0.2 * p.tau_m / p.membrane_capacitance *
                     (std::exp(-(end - to) / p.tau_m) - std::exp(-(end - from) / p.tau_m));
            }
            for (const double time : spikes) {
                if (reset == ResetKind::to_value && time != spikes.back()) continue;
                v -= p.reset_depth * std::exp(-(end - time) / p.tau_reset);
            }
            found.push_back(state.own.membrane_potential);
            expected.push_back(v);
        }
        EXPECT_GT(spikes.size(), 10u) << reset_name(reset);
        // Sums of hundreds of kernels of some mV beside a resting potential of -65 mV.
        EXPECT_CLOSE(found, expected, {.condition = 16, .terms = steps});
    }
}

/// Input before a spike still counts behind it: that is what tells it from the leaky neuron.
TEST(Srm0, a_spike_leaves_earlier_input_as_it_is) {
    auto p = neuron_parameters<Srm0>(neuron_options<Srm0>());
    p.tau_reset = 1;
    p.tau_m = 50;
    const auto c = Srm0::coefficients_of(p, time_step);
    GridState<Srm0, double> state{Srm0::initial<OneLane<double>>(c)};
    grid_step<Srm0, OneLane<double>>(c, ResetKind::to_value, 20, state, {2.5, 0, 0});
    double count = 0;
    for (int t = 0; t < 100; ++t) {
        count += grid_step<Srm0, OneLane<double>>(c, ResetKind::to_value, 1000, state, {});
    }
    EXPECT_EQ(count, 1);
    const double left = p.resting_potential + 2.5 * eps(p, p.tau_excitatory, 10);
    const double after = state.own.membrane_potential;
    EXPECT_LT(std::abs(after - left), p.reset_depth * std::exp(-3));
    EXPECT_GT(after, p.threshold);
}

}  // namespace
}  // namespace elm::test

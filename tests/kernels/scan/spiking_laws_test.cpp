// Single spiking units under a constant current, and their surrogate gradients, against closed
// forms.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <vector>

#include "kernels/autograd/context.h"
#include "tests/kernels/scan/spiking_scan_run.h"
#include "tests/support/compare.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

/// One unit in float64 that hears nothing but a constant current: its spikes and its last state.
struct Response {
    std::vector<double> spikes, state;
};
Response respond(double current, std::int64_t steps, const std::vector<double>& coefficients,
                 const SpikingRule& rule, double initial_membrane = 0) {
    Stream stream{Device{}};
    Context context{stream};
    const auto tensor = [&](const Shape& shape, const std::vector<double>& values) {
        return Var{tensor_of(stream, shape, DType::f64, values)};
    };
    std::vector<double> state(static_cast<std::size_t>(spiking_state_rows(rule.adaptation)), 0.0);
    state[1] = initial_membrane;
    std::vector<Var> in{
        tensor({1, steps, 1}, std::vector<double>(static_cast<std::size_t>(steps), current)),
        tensor({1, 1}, {0}), tensor({1, static_cast<std::int64_t>(state.size()), 1}, state)};
    for (const double coefficient : coefficients) in.push_back(tensor({1}, {coefficient}));
    const SpikingTraces traces = run_spiking_scan(context, in, rule);
    return {values_of(traces.spikes.value), values_of(traces.state.value)};
}

std::vector<std::int64_t> spike_steps(const Response& response) {
    std::vector<std::int64_t> steps;
    for (std::size_t t = 0; t < response.spikes.size(); ++t) {
        if (response.spikes[t] != 0) steps.push_back(static_cast<std::int64_t>(t));
    }
    return steps;
}

TEST(SpikingLaws, intervals_are_those_of_the_closed_form) {
    // From 0 the threshold is reached after n steps, the first with I (1 - alpha^n) >= theta.
    const double decay = std::exp(-1.0 / 20), current = 1.7;
    const auto n = static_cast<std::int64_t>(std::ceil(-20 * std::log1p(-1 / current)));
    const auto steps = spike_steps(respond(current, 200, {decay, 1}, {.reset_to_zero = true}));
    ASSERT_GE(steps.size(), 5u);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        EXPECT_EQ(steps[i], n * static_cast<std::int64_t>(i + 1) - 1);
    }
}

TEST(SpikingLaws, a_threshold_rises_with_a_spike_and_decays) {
    // With a decay of 0 the membrane is the current: a spike comes whenever the threshold,
    // 1 + b rho^(steps since), has fallen to it.
    const double rho = 0.9, jump = 3, current = 1.5;
    const auto steps = spike_steps(
        respond(current, 60, {0, 1, rho, jump}, {.adaptation = SpikingAdaptation::threshold}));
    double w = 0;
    std::vector<std::int64_t> expected;
    for (std::int64_t t = 0; t < 60; ++t) {
        const bool spikes = current >= 1 + w;
        if (spikes) expected.push_back(t);
        w = rho * w + (spikes ? jump : 0);
    }
    EXPECT_GT(expected.size(), 3u);
    EXPECT_EQ(steps, expected);
}

/// Largest membrane of a disturbed AdLIF unit that cannot spike, after so many steps.
double disturbed(double decay, double rho, double coupling, std::int64_t steps) {
    const Response response = respond(0, steps, {decay, 1e300, rho, 0, coupling},
                                      {.adaptation = SpikingAdaptation::current}, 1);
    return std::max(std::abs(response.state[1]), std::abs(response.state[2]));
}

TEST(SpikingLaws, adlif_is_stable_between_its_bounds_and_not_beyond) {
    for (const double decay : {0.8, 0.95}) {
        for (const double rho : {0.5, 0.98}) {
            const double low = -(1 - rho), high = (1 + decay) * (1 + rho) / (1 - decay);
            for (const double inside : {low + 0.1 * (high - low), high - 0.02 * (high - low)}) {
                EXPECT_LT(disturbed(decay, rho, inside, 3000), 1e-3) << decay << rho << inside;
            }
            EXPECT_LT(disturbed(decay, rho, 0.5 * low, 3000), 1e-3) << decay << rho;
            EXPECT_GT(disturbed(decay, rho, 1.5 * low, 3000), 1e3) << decay << rho;
            EXPECT_GT(disturbed(decay, rho, 1.02 * high, 200), 1e3) << decay << rho;
        }
    }
}

TEST(SpikingLaws, what_is_not_a_number_shows_in_the_spikes) {
    const Response response = respond(NAN, 3, {0.9, 1}, {});
    for (const double spike : response.spikes) EXPECT_TRUE(std::isnan(spike));
}

TEST(SpikingLaws, surrogates_have_the_height_and_the_area_of_their_names) {
    // Areas of f: the smooth step rises by width height times as much from far below to far above.
    const double pi = std::acos(-1.0);
    const double areas[] = {2, 1, 2, std::sqrt(pi), 1, 2, 4};
    for (std::size_t i = 0; i < std::size(all_surrogates); ++i) {
        const SpikeSurrogate surrogate{all_surrogates[i], 0.7, 1.3};
        EXPECT_EQ(surrogate.derivative(0), 1.3) << surrogate_names[i];
        EXPECT_EQ(surrogate.smooth_step(0), 0.5) << surrogate_names[i];
        const SurrogateOf<float> single{all_surrogates[i], 0.7F, 1.3F};
        const double far = 1e9;
        EXPECT_NEAR(surrogate.smooth_step(far) - surrogate.smooth_step(-far), areas[i] * 0.91, 1e-8)
            << surrogate_names[i];
        EXPECT_STREQ(surrogate_names[static_cast<std::size_t>(all_surrogates[i])],
                     surrogate_names[i]);
        for (int k = -40; k <= 40; ++k) {
            const double x = 0.11 * k + 0.013, h = 1e-5;
            const double slope =
                (surrogate.smooth_step(x + h) - surrogate.smooth_step(x - h)) / (2 * h);
            EXPECT_NEAR(surrogate.derivative(x), slope, 1e-8) << surrogate_names[i] << " " << x;
            EXPECT_NEAR(single.derivative(static_cast<float>(x)), surrogate.derivative(x), 1e-6);
        }
    }
}

}  // namespace
}  // namespace elm::test

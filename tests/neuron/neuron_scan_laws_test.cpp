// Single neurons under a constant input against closed forms.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "tests/neuron/neuron_scan_case.h"
#include "tests/support/compare.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

using namespace neuron_scan_case;

/// Spikes and voltages of one neuron for a constant input, in float64.
struct Response {
    std::vector<double> voltage, spikes, distance;
};

Response respond(double input, std::int64_t steps, const std::vector<double>& parameters,
                 const Kind& kind) {
    Stream stream{Device{}};
    Context context{stream};
    std::vector<Var> in{{tensor_of(stream, {1, steps, 1}, DType::f64,
                                   std::vector<double>(static_cast<std::size_t>(steps), input))}};
    for (const double parameter : parameters) {
        in.push_back({tensor_of(stream, {1}, DType::f64, {parameter})});
    }
    const NeuronTraces traces = run(context, in, kind);
    return {values_of(traces.voltage.value), values_of(traces.spikes.value),
            values_of(traces.distance.value)};
}

std::vector<std::int64_t> spike_steps(const Response& response) {
    std::vector<std::int64_t> steps;
    for (std::size_t t = 0; t < response.spikes.size(); ++t) {
        if (response.spikes[t] != 0) steps.push_back(static_cast<std::int64_t>(t));
    }
    return steps;
}

TEST(NeuronScanLaws, a_membrane_charges_as_the_exact_solution) {
    const double tau = 20, decay = std::exp(-1 / tau), rest = -70, input = 0.5;
    const Response response = respond(input, 200, {decay, 100, rest}, {});
    std::vector<double> expected;
    for (int t = 0; t < 200; ++t) {
        expected.push_back(rest + input * (1 - std::exp(-(t + 1) / tau)) / (1 - decay));
    }
    EXPECT_CLOSE(response.voltage, expected, {.terms = 200});
    EXPECT_TRUE(spike_steps(response).empty());
}

TEST(NeuronScanLaws, intervals_are_those_of_the_closed_form) {
    // From V_r = E the threshold is reached after n steps, the first with I (1 - alpha^n) / (1 -
    // alpha) >= theta - E; then the refractory steps follow.
    const double decay = std::exp(-1.0 / 20), input = 1, threshold = 15;
    const double whole = threshold * (1 - decay) / input;
    const auto charging = static_cast<std::int64_t>(std::ceil(std::log1p(-whole) / -0.05 - 1e-9));
    for (const std::int32_t refractory : {0, 3}) {
        const Response response = respond(input, 400, {decay, threshold - 70, -70, -70},
                                          {true, false, {.refractory_steps = refractory}});
        const auto steps = spike_steps(response);
        ASSERT_GE(steps.size(), 5u);
        EXPECT_EQ(steps[0], charging - 1);
        for (std::size_t i = 1; i < steps.size(); ++i) {
            EXPECT_EQ(steps[i] - steps[i - 1], charging + refractory);
        }
    }
}

TEST(NeuronScanLaws, a_neuron_without_leak_spikes_at_the_rate_of_its_input) {
    // Reset by subtraction loses nothing: after t steps, floor(t I / theta) spikes.
    const Response response = respond(0.3125, 160, {1, 1, 0}, {});
    EXPECT_EQ(spike_steps(response).size(), 50u);
}

TEST(NeuronScanLaws, a_threshold_rises_with_a_spike_and_decays) {
    const double rho = 0.9, beta = 5;
    const Response response = respond(1, 40, {0.5, 1.5, 0, rho, beta}, {false, true});
    const auto steps = spike_steps(response);
    ASSERT_EQ(steps.front(), 1);  // 1, 1.5
    for (std::size_t t = 2; static_cast<std::int64_t>(t) <= steps[1]; ++t) {
        const double expected = 1.5 + beta * std::pow(rho, static_cast<double>(t) - 2);
        EXPECT_NEAR(response.voltage[t] - response.distance[t], expected, 1e-12);
    }
    EXPECT_GT(steps[1] - steps[0], 10);
}

}  // namespace
}  // namespace elm::test

// What gated recurrences do where a gate is open or shut, and the first gates of chrono_lstm.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/baselines/cases/model_case.h"

namespace elm::test {
namespace {

/// A recurrent model of 5 units with its biases of the input set: gate `open` to 1000 and gate
/// `shut` to -1000, all others as they begin. Gates lie one after the other.
struct Gated {
    Gated(const std::string& model, std::int64_t open, std::int64_t shut)
        : living({.name = model, .model = model, .options = {{"units", "5"}}}, DType::f64) {
        for (const auto& [name, parameter] : living.model->parameters()) {
            if (name != model + ".bias_ih_l0") continue;
            std::vector<double> values = values_of(parameter->value);
            for (std::size_t i = 0; i < 5; ++i) {
                if (open >= 0) values[static_cast<std::size_t>(5 * open) + i] = 1000;
                if (shut >= 0) values[static_cast<std::size_t>(5 * shut) + i] = -1000;
            }
            parameter->value.assign<double>(living.stream, values);
        }
    }
    LivingModel living;
};

/// A sigmoid of 1000 is 1 to the bit, and of -1000 0.
TEST(RecurrentLimits, an_lstm_that_forgets_nothing_and_takes_nothing_in_keeps_its_cells) {
    Gated gated("lstm", 1, 0);
    SequenceState state;
    for (std::uint64_t i = 0; i < 2; ++i) {  // hidden states, cells
        state.tensors.push_back(
            tensor_of(gated.living.stream, {3, 5}, DType::f64, random_values(15, -1, 1, {31, i})));
    }
    const std::vector<double> before = values_of(state.tensors[1]);
    const SpikeTrain spikes = case_spikes();
    gated.living.run({.spikes = &spikes}, &state);
    EXPECT_EQ(values_of(state.tensors[1]), before);
}

TEST(RecurrentLimits, a_gru_whose_update_gate_is_1_keeps_its_state) {
    Gated gated("gru", 1, -1);
    SequenceState state;
    state.tensors.push_back(
        tensor_of(gated.living.stream, {3, 5}, DType::f64, random_values(15, -1, 1, {32})));
    const std::vector<double> before = values_of(state.tensors[0]);
    const SpikeTrain spikes = case_spikes();
    gated.living.run({.spikes = &spikes}, &state);
    EXPECT_EQ(values_of(state.tensors[0]), before);
}

/// Tallec & Ollivier 2018, equation 16: forget gates f begin, at an input of 0, as u / (1 + u) with
/// u uniform from 1 to T - 1, input gates as 1 - f, all other biases at 0.
TEST(RecurrentLimits, chrono_lstm_begins_with_the_time_scales_of_its_task) {
    constexpr double longest = 100;
    constexpr std::size_t units = 4000;
    LivingModel living({.name = "chrono",
                        .model = "chrono_lstm",
                        .options = {{"units", std::to_string(units)}, {"longest", "100"}}},
                       DType::f64);
    std::vector<double> biases, others;
    for (const auto& [name, parameter] : living.model->parameters()) {
        if (name == "lstm.bias_ih_l0") biases = values_of(parameter->value);
        if (name == "lstm.bias_hh_l0") others = values_of(parameter->value);
    }
    ASSERT_EQ(biases.size(), 4 * units);
    EXPECT_EQ(others, std::vector<double>(4 * units, 0.0));
    std::vector<double> scales;
    double mean = 0, square = 0;
    for (std::size_t unit = 0; unit < units; ++unit) {
        EXPECT_EQ(biases[unit], -biases[units + unit]);
        EXPECT_EQ(biases[2 * units + unit], 0);
        EXPECT_EQ(biases[3 * units + unit], 0);
        const double forget = 1 / (1 + std::exp(-biases[units + unit]));
        scales.push_back(forget / (1 - forget));
        mean += forget / units;
        square += forget * forget / units;
    }
    // Of u / (1 + u): 1 - log(T / 2) / (T - 2). Four standard errors.
    const double expected = 1 - std::log(longest / 2) / (longest - 2);
    EXPECT_NEAR(mean, expected, 4 * std::sqrt((square - mean * mean) / units));
    // Kolmogorov and Smirnov: 1.95 / sqrt(n) is passed once in a thousand times.
    std::sort(scales.begin(), scales.end());
    double distance = 0;
    for (std::size_t i = 0; i < units; ++i) {
        const double share = (scales[i] - 1) / (longest - 2);
        distance = std::max({distance, std::abs(share - static_cast<double>(i) / units),
                             std::abs(share - static_cast<double>(i + 1) / units)});
    }
    EXPECT_LT(distance, 1.95 / std::sqrt(static_cast<double>(units)));
    // To the rounding of 1 - f, which is 1 / (1 + u).
    EXPECT_GE(scales.front(), 1 - 1e-12);
    EXPECT_LE(scales.back(), longest - 1 + 1e-10);
}

}  // namespace
}  // namespace elm::test

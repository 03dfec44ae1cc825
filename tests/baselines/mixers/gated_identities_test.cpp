// Identities of mixers that multiply what they read by what follows from the input: parameters of
// which one computes what a state space does, or what is written out.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <numeric>

#include "tests/baselines/mixers/written_out.h"
#include "tests/reference/elementwise_reference.h"

namespace elm::test::mixing {
namespace {

/// A linear map of a mixer that lets its input through.
void pass(LivingMixer& living, const std::string& map) {
    set(living.stream, *living.mixer, map + ".weight", identity(width));
    for (const auto& [name, parameter] : living.mixer->parameters()) {
        if (name == map + ".bias") set_all(living.stream, *living.mixer, name, 0);
    }
}

/// A linear map of a mixer that is 1 for any input.
void open(LivingMixer& living, const std::string& map) {
    set_all(living.stream, *living.mixer, map + ".weight", 0);
    set_all(living.stream, *living.mixer, map + ".bias", 1);
}

using reference::gelu;
using reference::silu;
using reference::softplus;

// --- GSS, H3, Hyena

/// The gate reads the last feature, which is 1 in all steps.
TEST(GatedIdentities, gss_whose_gate_is_1_is_dss_in_steps_of_1) {
    LivingMixer gated({"gss", causally},
                      {{"states", "4"}, {"expand", "1"}, {"kernel_width", std::to_string(width)}});
    LivingMixer plain({"dss", causally}, {{"gain", "zero_order_hold"},
                                          {"separate_steps", "false"},
                                          {"log_frequency", "true"},
                                          {"output", "none"}});
    for (const char* const map : {"narrow", "widen", "output"}) pass(gated, map);
    double one = 1;  // what gelu makes 1 of, by the slope of gelu near it
    for (int i = 0; i < 60; ++i) one -= (gelu(one) - 1) / 1.1;
    Numbers gate(width * width, 0.0);
    for (std::size_t row = 0; row < n_features; ++row) gate[row * n_features + width - 1] = one;
    set(gated.stream, *gated.mixer, "gate.weight", gate);
    copy_parameters(plain, gated);
    set_all(plain.stream, *plain.mixer, "log_step", 0);
    Numbers x = sequence_values();
    for (std::size_t at = width - 1; at < x.size(); at += width) x[at] = 1;
    Numbers few = x;
    for (double& number : few) number = gelu(number);
    const Numbers normal = layer_norm_of(few, values_in(*gated.mixer, "norm.weight"),
                                         values_in(*gated.mixer, "norm.bias"));
    EXPECT_CLOSE(gated.run(gated.input(x, {})), plain.run(plain.input(normal, {})),
                 {.terms = longest_sum});
}

/// With an input weight of e_1 the shift has the taps of its output weight, the last state first.
TEST(GatedIdentities, h3_without_queries_and_values_is_two_convolutions) {
    constexpr std::size_t states = 6;
    LivingMixer gated({"h3", causally}, {{"states", "6"}});
    LivingMixer diagonal({"s4d", causally},
                         {{"states", "6"}, {"discretisation", "bilinear"}, {"output", "none"}});
    for (const char* const map : {"query", "value"}) open(gated, map);
    for (const char* const map : {"key", "output"}) pass(gated, map);
    copy_parameters(diagonal, gated);
    const Numbers x = sequence_values(), skip = values_in(*gated.mixer, "shift_skip");
    const Numbers taps = values_in(*gated.mixer, "shift_output_weight");
    Numbers shifted;
    for (std::size_t at = 0; at < x.size(); ++at) {
        const std::size_t feature = at % n_features;
        shifted.push_back(skip[feature] * x[at]);
        for (std::size_t lag = 0; lag < states && lag * n_features <= at; ++lag) {
            shifted[at] +=
                taps[(states - 1 - lag) * n_features + feature] * x[at - lag * n_features];
        }
    }
    EXPECT_CLOSE(gated.run(gated.input(x, {})), diagonal.run(diagonal.input(shifted, {})),
                 {.terms = longest_sum});
}

/// What associative recall needs: a shift by one step puts a key beside the value after it.
TEST(GatedIdentities, h3_with_a_shift_of_one_step_multiplies_keys_and_the_next_values) {
    LivingMixer living({"h3", causally}, {{"states", "4"}});
    pass(living, "output");
    Numbers taps(4 * width, 0.0);
    std::fill_n(taps.begin() + 2 * width, width, 1.0);  // the last one is of the present step
    set(living.stream, *living.mixer, "shift_output_weight", taps);
    for (const char* const name : {"shift_skip", "output_weight"}) {
        set_all(living.stream, *living.mixer, name, 0);
    }
    set_all(living.stream, *living.mixer, "skip", 1);
    const Numbers x = sequence_values(), query = mapped(living, "query", x);
    const Numbers key = mapped(living, "key", x), value = mapped(living, "value", x);
    Numbers expected(width, 0.0);
    for (std::size_t at = n_features; at < x.size(); ++at) {
        expected.push_back(query[at] * key[at - n_features] * value[at]);
    }
    EXPECT_CLOSE(living.run(living.input(x, {})), expected, {.terms = longest_sum});
}

/// Filters of 0 with 1 added at the present step.
TEST(GatedIdentities, hyena_with_filters_of_one_pulse_is_the_product_of_its_parts) {
    for (const std::size_t order : {std::size_t{2}, std::size_t{3}}) {
        LivingMixer living({"hyena", causally}, {{"order", std::to_string(order)}, {"taps", "3"}});
        set_all(living.stream, *living.mixer, "filter.last.weight", 0);
        set_all(living.stream, *living.mixer, "filter.bias", 1);
        const std::size_t channels = (order + 1) * n_features;
        Numbers taps;
        for (std::size_t i = 0; i < channels; ++i) taps.insert(taps.end(), {0, 0, 1});
        set(living.stream, *living.mixer, "taps_weight", taps);
        set_all(living.stream, *living.mixer, "taps_bias", 0);
        const Numbers x = sequence_values(), parts = mapped(living, "input", x);
        Numbers products(x.size(), 1.0);
        for (std::size_t at = 0; at < parts.size(); ++at) {
            products[at / channels * n_features + at % n_features] *= parts[at];
        }
        EXPECT_CLOSE(living.run(living.input(x, {})), mapped(living, "output", products),
                     {.terms = longest_sum});
    }
}

// --- RetNet, minGRU

/// Each head by itself with weights gamma^(i - j): what its norm is of may be divided by any number
/// of the row, and is not here. Numbers are so large that the norm's epsilon is nothing.
TEST(GatedIdentities, retention_does_not_see_what_its_rows_are_divided_by) {
    LivingMixer living({"retnet", causally},
                       {{"heads", "2"}, {"value_expand", "1"}, {"chunk", "4"}});
    Numbers large = values_in(*living.mixer, "value.weight");
    for (double& number : large) number *= 1e8;
    set(living.stream, *living.mixer, "value.weight", large);
    const Numbers x = sequence_values();
    const auto turned = [](Numbers rows) {
        for (std::size_t at = 0; at < rows.size(); at += head_width) {
            for (const std::size_t pair : {0U, 1U}) {
                const std::complex<double> turn =
                    std::polar(1.0, static_cast<double>(at / n_features) * (pair == 0 ? 1 : 1e-4));
                const auto number =
                    turn * std::complex<double>(rows[at + pair], rows[at + pair + 2]);
                rows[at + pair] = number.real();
                rows[at + pair + 2] = number.imag();
            }
        }
        return rows;
    };
    const Numbers query = turned(mapped(living, "query", x)),
                  key = turned(mapped(living, "key", x));
    const Numbers value = mapped(living, "value", x), gate = mapped(living, "gate", x);
    Numbers gated;
    for (std::size_t i = 0; i < std::size_t{steps}; ++i) {
        for (std::size_t head = 0; head < n_heads; ++head) {
            // The logarithm has the precision of the authors' code, float32.
            const double log_decay =
                static_cast<float>(std::log1p(-std::exp2(-5 - static_cast<double>(head))));
            Numbers sums(head_width, 0.0);
            for (std::size_t j = 0; j <= i; ++j) {
                const double weight = product(query, i, key, j, head) *
                                      std::exp(log_decay * static_cast<double>(i - j));
                for (std::size_t c = 0; c < head_width; ++c) {
                    sums[c] += weight * value[j * n_features + head * head_width + c];
                }
            }
            const double square = std::inner_product(sums.begin(), sums.end(), sums.begin(), 0.0);
            for (std::size_t c = 0; c < head_width; ++c) {
                gated.push_back(silu(gate[i * n_features + head * head_width + c]) * sums[c] /
                                std::sqrt(square / head_width));
            }
        }
    }
    EXPECT_CLOSE(living.run(living.input(x, {})), mapped(living, "output", gated),
                 {.terms = longest_sum});
}

/// The published form in logarithms: states are sums of positive terms.
TEST(GatedIdentities, states_of_a_min_gru_are_a_sum_of_exponentials) {
    LivingMixer living({"min_gru", causally});
    pass(living, "output");
    const Numbers x = sequence_values(), gate = mapped(living, "gate", x);
    const Numbers candidate = mapped(living, "candidate", x);
    Numbers log_kept(x.size()), log_taken, expected;
    for (std::size_t at = 0; at < x.size(); ++at) {
        const double c = candidate[at];
        log_kept[at] = (at < n_features ? 0 : log_kept[at - n_features]) - softplus(gate[at]);
        log_taken.push_back(-softplus(-gate[at]) + (c >= 0 ? std::log(c + 0.5) : -softplus(-c)));
        double sum = 0;
        for (std::size_t from = at % n_features; from <= at; from += n_features) {
            sum += std::exp(log_kept[at] - log_kept[from] + log_taken[from]);
        }
        expected.push_back(sum);
    }
    EXPECT_CLOSE(living.run(living.input(x, {})), expected, {.terms = longest_sum});
}

}  // namespace
}  // namespace elm::test::mixing

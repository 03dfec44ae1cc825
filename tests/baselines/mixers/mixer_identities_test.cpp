// Identities of mixers: what one computes, written out or by another one.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "baselines/mixers/attention/distance_bias.h"
#include "tests/baselines/mixers/written_out.h"

namespace elm::test::mixing {
namespace {

/// Features of sines and cosines are a cosine of the distance.
TEST(MixerIdentities, cosformer_weighs_rectified_products_by_a_cosine_of_the_distance) {
    for (const MixerPattern& pattern : {both_directions, causally}) {
        LivingMixer living({"cosformer", pattern}, {{"heads", "2"}});
        const Values x = sequence_values();
        Values query = mapped(living, "query", x), key = mapped(living, "key", x);
        for (Values* const rows : {&query, &key}) {
            for (double& number : *rows) number = std::max(number, 0.0);
        }
        const auto weight = [&](std::size_t i, std::size_t j, std::size_t head) {
            if (pattern.causal && j > i) return 0.0;
            const double distance = static_cast<double>(i) - static_cast<double>(j);
            return product(query, i, key, j, head) *
                   std::cos(std::numbers::pi / 2 * distance / 16);  // the option longest
        };
        EXPECT_CLOSE(living.run(living.input(x, {})),
                     read(living, mapped(living, "value", x), 1e-300, weight),
                     {.terms = longest_sum});
    }
}

/// Keys and values of norms; summaries that are nothing count as so many scores of 0. A step sees
/// its segment and half of its length, but at least one step, on either side.
TEST(MixerIdentities, long_short_attention_of_a_window_is_exact_attention_of_norms) {
    for (const std::size_t window : {std::size_t{1}, std::size_t{3}, std::size_t{steps}}) {
        LivingMixer living({"long_short", both_directions},
                           {{"heads", "2"}, {"window", std::to_string(window)}});
        set_all(living.stream, *living.mixer, "summary_norm.weight", 0);
        set_all(living.stream, *living.mixer, "summary_norm.bias", 0);
        const Values x = sequence_values(), query = mapped(living, "query", x);
        const auto normal = [&](const std::string& map) {
            return layer_norm_of(mapped(living, map, x), values_in(*living.mixer, "norm.weight"),
                                 values_in(*living.mixer, "norm.bias"));
        };
        const Values key = normal("key");
        const std::size_t reach = std::max<std::size_t>(window / 2, 1);
        const auto weight = [&](std::size_t i, std::size_t j, std::size_t head) {
            const std::size_t begin = i / window * window;
            if (j + reach < begin || j >= begin + window + reach) return 0.0;
            return std::exp(product(query, i, key, j, head) / std::sqrt(double{head_width}));
        };
        // The option summaries is 2.
        EXPECT_CLOSE(living.run(living.input(x, {})), read(living, normal("value"), 2, weight),
                     {.terms = longest_sum});
    }
}

/// Keys are queries of length 1, and a step does not see itself.
TEST(MixerIdentities, a_reformer_of_one_bucket_is_exact_attention_without_the_step_itself) {
    LivingMixer living(
        {"reformer", both_directions},
        {{"heads", "2"}, {"rounds", "1"}, {"buckets", "2"}, {"chunk", std::to_string(steps)}});
    set_all(living.stream, *living.mixer, "rotations", 0);  // all in the first one
    const Values x = sequence_values(), query = mapped(living, "query", x);
    const auto weight = [&](std::size_t i, std::size_t j, std::size_t head) {
        const double length = std::sqrt(product(query, j, query, j, head));
        return i == j ? 0
                      : std::exp(product(query, i, query, j, head) / length /
                                 std::sqrt(double{head_width}));
    };
    EXPECT_CLOSE(living.run(living.input(x, {})),
                 read(living, mapped(living, "value", x), 0, weight), {.terms = longest_sum});
}

TEST(MixerIdentities, equal_rounds_of_a_reformer_are_one_round) {
    const ChosenOptions options{{"heads", "2"}, {"buckets", "4"}, {"chunk", "3"}};
    ChosenOptions twice = options, once = options;
    twice.emplace_back("rounds", "2");
    once.emplace_back("rounds", "1");
    LivingMixer two({"reformer", both_directions}, twice);
    LivingMixer one({"reformer", both_directions}, once);
    const Values rotations = values_in(*one.mixer, "rotations");  // (features, 1, 2)
    Values both;
    for (std::size_t at = 0; at < rotations.size(); at += 2) {
        for (const std::size_t column : {at, at + 1, at, at + 1}) {
            both.push_back(rotations[column]);
        }
    }
    for (const auto& [name, parameter] : one.mixer->parameters()) {
        if (name != "rotations") set(one.stream, *one.mixer, name, values_in(*two.mixer, name));
    }
    const Values single = one.run(one.input(sequence_values(), {}));
    EXPECT_NE(difference_above(two.run(two.input(sequence_values(), {})), single, 1e-3), "");
    set(two.stream, *two.mixer, "rotations", both);
    EXPECT_CLOSE(two.run(two.input(sequence_values(), {})), single, {.terms = longest_sum});
}

/// Keys and values of step j are unit vector j, and controls so large that slot j holds step j.
TEST(MixerIdentities, slots_of_single_steps_are_exact_attention) {
    LivingMixer slots({"abc", both_directions}, {{"heads", "1"}, {"slots", std::to_string(width)}});
    LivingMixer exact({"attention", both_directions}, {{"heads", "1"}});
    Values large = identity(width);
    for (double& number : large) number *= 200;
    for (const char* const map : {"key.weight", "value.weight"}) {
        set(slots.stream, *slots.mixer, map, identity(width));
    }
    for (const char* const control : {"key_control", "value_control"}) {
        set(slots.stream, *slots.mixer, control, large);
    }
    copy_parameters(exact, slots);
    EXPECT_CLOSE(slots.run(slots.input(identity(width), {})),
                 exact.run(exact.input(identity(width), {})), {.terms = longest_sum});
}

/// A softmax does not see what is added to all scores of a row; laplace's function does.
TEST(MixerIdentities, distances_of_mega_may_be_moved_under_a_softmax) {
    for (const MixerPattern& pattern : {both_directions, causally}) {
        for (const char* const kind : {"softmax", "laplace"}) {
            LivingMixer living({"mega", pattern}, {{"attention", kind}});
            const Values before = living.run(living.input(sequence_values(), {}));
            Values distances = values_in(*living.mixer, "bias.distances");
            for (double& number : distances) number += 0.7;
            set(living.stream, *living.mixer, "bias.distances", distances);
            const Values after = living.run(living.input(sequence_values(), {}));
            if (std::string(kind) == "softmax") {
                EXPECT_CLOSE(after, before, {.terms = longest_sum});
            } else {
                EXPECT_NE(difference_above(after, before, 1e-4), "");
            }
        }
    }
}

TEST(MixerIdentities, turned_vectors_of_mega_make_a_bias_of_the_distance) {
    constexpr std::size_t n = 6;
    OptionSet options;
    DistanceBias::declare(options);
    options.set("rotary", "true");
    DistanceBias bias(options, width, 0);
    Stream stream{Device{}};
    const FlatParameters flat = allocate_parameters(stream, bias, DType::f64, {7});
    for (const char* const name : {"left", "right"}) {
        set(stream, bias, name, random_values(width, -1, 1, {3, 0, name[0] == 'l' ? 1U : 2U}));
    }
    Context context{stream};
    const Values table = values_of(bias.table(context, 0, n).value);
    Values moved, expected;
    for (std::size_t i = 0; i + 1 < n; ++i) {
        for (std::size_t j = 0; j + 1 < n; ++j) {
            expected.push_back(table[i * n + j]);
            moved.push_back(table[(i + 1) * n + j + 1]);
        }
    }
    EXPECT_CLOSE(moved, expected, {.terms = width});
    EXPECT_GT(std::abs(table[0] - table[1]), 1e-3);
}

}  // namespace
}  // namespace elm::test::mixing

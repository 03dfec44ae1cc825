// Identities of mixers: what one computes, written out or by another one.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "baselines/mixers/attention/distance_bias.h"
#include "tests/baselines/mixers/living_mixer.h"

namespace elm::test::mixing {
namespace {

constexpr MixerPattern both_directions{.is_cross = false, .causal = false};
constexpr MixerPattern causally{.is_cross = false, .causal = true};
constexpr std::size_t n_heads = 2, n_features = width, head_width = n_features / n_heads;

/// The rows (time, features) of a linear map of rows.
Numbers mapped(LivingMixer& living, const std::string& map, const Numbers& rows) {
    const Numbers weight = values_in(*living.mixer, map + ".weight");
    Numbers bias(n_features, 0.0);
    for (const auto& [name, parameter] : living.mixer->parameters()) {
        if (name == map + ".bias") bias = values_of(parameter->value);
    }
    Numbers result(rows.size());
    for (std::size_t at = 0; at < rows.size(); ++at) {
        const std::size_t row = at / n_features * n_features, out = at % n_features;
        result[at] = bias[out];
        for (std::size_t in = 0; in < n_features; ++in) {
            result[at] += weight[out * n_features + in] * rows[row + in];
        }
    }
    return result;
}

/// Means of values by head, by the weights weight(i, j, head), of which `more` count besides for
/// values of nothing, through the output map.
template <class Weight>
Numbers read(LivingMixer& living, const Numbers& value, double more, const Weight& weight) {
    const std::size_t steps_read = value.size() / n_features;
    Numbers means(value.size(), 0.0);
    for (std::size_t i = 0; i < steps_read; ++i) {
        for (std::size_t head = 0; head < n_heads; ++head) {
            double all = more;
            for (std::size_t j = 0; j < steps_read; ++j) all += weight(i, j, head);
            for (std::size_t j = 0; j < steps_read; ++j) {
                const double share = weight(i, j, head) / all;
                for (std::size_t c = head * head_width; c < (head + 1) * head_width; ++c) {
                    means[i * n_features + c] += share * value[j * n_features + c];
                }
            }
        }
    }
    return mapped(living, "output", means);
}

/// The product of row i of one and row j of another, of a head.
double product(const Numbers& left, std::size_t i, const Numbers& right, std::size_t j,
               std::size_t head) {
    double sum = 0;
    for (std::size_t c = head * head_width; c < (head + 1) * head_width; ++c) {
        sum += left[i * n_features + c] * right[j * n_features + c];
    }
    return sum;
}

/// Features of sines and cosines are a cosine of the distance.
TEST(MixerIdentities, cosformer_weighs_rectified_products_by_a_cosine_of_the_distance) {
    for (const MixerPattern& pattern : {both_directions, causally}) {
        LivingMixer living({"cosformer", pattern}, {{"heads", "2"}});
        const Numbers x = sequence_values();
        Numbers query = mapped(living, "query", x), key = mapped(living, "key", x);
        for (Numbers* const rows : {&query, &key}) {
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

/// Keys and values of norms; summaries that are nothing count as so many scores of 0.
TEST(MixerIdentities, long_short_attention_of_one_window_is_exact_attention_of_norms) {
    LivingMixer living({"long_short", both_directions},
                       {{"heads", "2"}, {"window", std::to_string(steps)}, {"summaries", "2"}});
    set_all(living.stream, *living.mixer, "summary_norm.weight", 0);
    set_all(living.stream, *living.mixer, "summary_norm.bias", 0);
    const Numbers x = sequence_values(), query = mapped(living, "query", x);
    const auto normal = [&](const std::string& map) {
        Numbers rows = mapped(living, map, x);
        const Numbers gain = values_in(*living.mixer, "norm.weight");
        const Numbers bias = values_in(*living.mixer, "norm.bias");
        for (std::size_t row = 0; row < rows.size(); row += n_features) {
            double mean = 0, variance = 0;
            for (std::size_t c = 0; c < n_features; ++c) mean += rows[row + c] / width;
            for (std::size_t c = 0; c < n_features; ++c) {
                variance += (rows[row + c] - mean) * (rows[row + c] - mean) / width;
            }
            for (std::size_t c = 0; c < n_features; ++c) {
                rows[row + c] =
                    gain[c] * (rows[row + c] - mean) / std::sqrt(variance + 1e-5) + bias[c];
            }
        }
        return rows;
    };
    const Numbers key = normal("key");
    const auto weight = [&](std::size_t i, std::size_t j, std::size_t head) {
        return std::exp(product(query, i, key, j, head) / std::sqrt(double{head_width}));
    };
    EXPECT_CLOSE(living.run(living.input(x, {})), read(living, normal("value"), 2, weight),
                 {.terms = longest_sum});
}

/// Keys are queries of length 1, and a step does not see itself.
TEST(MixerIdentities, a_reformer_of_one_bucket_is_exact_attention_without_the_step_itself) {
    LivingMixer living(
        {"reformer", both_directions},
        {{"heads", "2"}, {"rounds", "1"}, {"buckets", "2"}, {"chunk", std::to_string(steps)}});
    set_all(living.stream, *living.mixer, "rotations", 0);  // all in the first one
    const Numbers x = sequence_values(), query = mapped(living, "query", x);
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
    const Numbers rotations = values_in(*one.mixer, "rotations");  // (features, 1, 2)
    Numbers both;
    for (std::size_t at = 0; at < rotations.size(); at += 2) {
        for (const std::size_t column : {at, at + 1, at, at + 1}) {
            both.push_back(rotations[column]);
        }
    }
    for (const auto& [name, parameter] : one.mixer->parameters()) {
        if (name != "rotations") set(one.stream, *one.mixer, name, values_in(*two.mixer, name));
    }
    const Numbers single = one.run(one.input(sequence_values(), {}));
    EXPECT_NE(difference_above(two.run(two.input(sequence_values(), {})), single, 1e-3), "");
    set(two.stream, *two.mixer, "rotations", both);
    EXPECT_CLOSE(two.run(two.input(sequence_values(), {})), single, {.terms = longest_sum});
}

/// Keys and values of step j are unit vector j, and controls so large that slot j holds step j.
TEST(MixerIdentities, slots_of_single_steps_are_exact_attention) {
    LivingMixer slots({"abc", both_directions}, {{"heads", "1"}, {"slots", std::to_string(width)}});
    LivingMixer exact({"attention", both_directions}, {{"heads", "1"}});
    Numbers large = identity(width);
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
            const Numbers before = living.run(living.input(sequence_values(), {}));
            Numbers distances = values_in(*living.mixer, "bias.distances");
            for (double& number : distances) number += 0.7;
            set(living.stream, *living.mixer, "bias.distances", distances);
            const Numbers after = living.run(living.input(sequence_values(), {}));
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
    const Numbers table = values_of(bias.table(context, 0, n).value);
    Numbers moved, expected;
    for (std::size_t i = 0; i + 1 < n; ++i) {
        for (std::size_t j = 0; j + 1 < n; ++j) {
            expected.push_back(table[i * n + j]);
            moved.push_back(table[(i + 1) * n + j + 1]);
        }
    }
    EXPECT_CLOSE(moved, expected, {.terms = width});
    EXPECT_GT(std::abs(table[0] - table[1]), 1e-3);
}

// --- State spaces

/// With B = 1 and twice the C, for S4D counts both modes of a pair.
TEST(MixerIdentities, dss_with_a_zero_order_hold_is_s4d_of_shared_modes) {
    LivingMixer pairs({"s4d", causally}, {{"states", "8"}, {"rows", "1"}, {"output", "none"}});
    LivingMixer shared(
        {"dss", causally},
        {{"gain", "zero_order_hold"}, {"separate_steps", "false"}, {"output", "none"}});
    set(pairs.stream, *pairs.mixer, "input_weight", {1, 1, 1, 1, 0, 0, 0, 0});
    for (const char* const name : {"log_step", "log_decay", "frequency", "skip"}) {
        set(shared.stream, *shared.mixer, name, values_in(*pairs.mixer, name));
    }
    Numbers output = values_in(*pairs.mixer, "output_weight");
    for (double& number : output) number *= 2;
    set(shared.stream, *shared.mixer, "output_weight", output);
    EXPECT_CLOSE(shared.run(shared.input(sequence_values(), {})),
                 pairs.run(pairs.input(sequence_values(), {})), {.terms = longest_sum});
}

/// State p of S5 reads and writes feature p alone.
TEST(MixerIdentities, s5_with_a_state_for_each_feature_is_s4d_of_one_mode) {
    LivingMixer single({"s4d", causally}, {{"states", "2"}, {"output", "none"}});
    LivingMixer many({"s5", causally}, {{"states", std::to_string(2 * width)},
                                        {"blocks", "1"},
                                        {"discretisation", "zero_order_hold"},
                                        {"output", "none"}});
    const Numbers frequency = random_values(width, 0.5, 3, {3, 0, 4});
    set(single.stream, *single.mixer, "frequency", frequency);
    set(many.stream, *many.mixer, "frequency", frequency);
    Numbers rate = values_in(*single.mixer, "log_decay");
    for (double& number : rate) number = -std::exp(number);
    set(many.stream, *many.mixer, "rate", rate);
    for (const char* const name : {"log_step", "skip"}) {
        set(many.stream, *many.mixer, name, values_in(*single.mixer, name));
    }
    for (const char* const name : {"input_weight", "output_weight"}) {
        const Numbers own = values_in(*single.mixer, name);  // real parts, then imaginary ones
        Numbers matrices(2 * width * width, 0.0);
        for (std::size_t part = 0; part < 2; ++part) {
            for (std::size_t p = 0; p < n_features; ++p) {
                matrices[(part * n_features + p) * n_features + p] = own[part * n_features + p];
            }
        }
        set(many.stream, *many.mixer, name, matrices);
    }
    EXPECT_CLOSE(many.run(many.input(sequence_values(), {})),
                 single.run(single.input(sequence_values(), {})), {.terms = longest_sum});
}

}  // namespace
}  // namespace elm::test::mixing

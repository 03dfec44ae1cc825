// Identities of attentions: what one computes, written out or by another one.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "baselines/mixers/sparse/doubly_stochastic.h"
#include "baselines/mixers/sparse/merged_reads.h"
#include "baselines/mixers/sparse/prob_sparse_attention.h"
#include "kernels/ops/attention/attention.h"
#include "tests/baselines/mixers/written_out.h"

namespace elm::test::mixing {
namespace {

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

/// Keys and values of norms; summaries that are nothing count as so many scores of 0. A step sees
/// its segment and half of its length, but at least one step, on either side.
TEST(MixerIdentities, long_short_attention_of_a_window_is_exact_attention_of_norms) {
    for (const std::size_t window : {std::size_t{1}, std::size_t{3}, std::size_t{steps}}) {
        LivingMixer living({"long_short", both_directions},
                           {{"heads", "2"}, {"window", std::to_string(window)}});
        set_all(living.stream, *living.mixer, "summary_norm.weight", 0);
        set_all(living.stream, *living.mixer, "summary_norm.bias", 0);
        const Numbers x = sequence_values(), query = mapped(living, "query", x);
        const auto normal = [&](const std::string& map) {
            return layer_norm_of(mapped(living, map, x), values_in(*living.mixer, "norm.weight"),
                                 values_in(*living.mixer, "norm.bias"));
        };
        const Numbers key = normal("key");
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

TEST(MixerIdentities, blocks_of_steps_are_exact_attention_within_them) {
    for (const MixerPattern& pattern : {both_directions, causally}) {
        for (const std::size_t block : {std::size_t{2}, std::size_t{3}, std::size_t{steps}}) {
            LivingMixer living({"local_attention", pattern},
                               {{"heads", "2"}, {"block", std::to_string(block)}});
            const Numbers x = sequence_values();
            const Numbers query = mapped(living, "query", x), key = mapped(living, "key", x);
            const auto weight = [&](std::size_t i, std::size_t j, std::size_t head) {
                if (i / block != j / block || (pattern.causal && j > i)) return 0.0;
                return std::exp(product(query, i, key, j, head) / std::sqrt(double{head_width}));
            };
            EXPECT_CLOSE(living.run(living.input(x, {})),
                         read(living, mapped(living, "value", x), 0, weight),
                         {.terms = longest_sum})
                << pattern.name() << " " << block;
        }
    }
}

TEST(MixerIdentities, a_causal_window_of_one_step_reads_its_value) {
    LivingMixer living({"local_attention", causally}, {{"window", "1"}});
    const Numbers x = sequence_values();
    EXPECT_CLOSE(living.run(living.input(x, {})),
                 mapped(living, "output", mapped(living, "value", x)), {.terms = longest_sum});
}

/// A softmax over all keys, by those of its parts.
TEST(MixerIdentities, reads_of_parts_of_the_keys_make_up_that_of_all) {
    Stream stream{Device{}};
    Context context{stream};
    const auto draw = [&](std::uint32_t purpose) {
        return Var{tensor_of(stream, {1, steps, width}, DType::f64,
                             random_values(steps * width, -1, 1, {3, 0, purpose}))};
    };
    const Var query = draw(1), key = draw(2), value = draw(3);
    std::vector<ListedAttentionResult> parts;
    for (const auto& [begin, end] : {std::pair{0, 4}, {4, 5}, {5, 9}}) {
        KeyLists list(steps, steps, steps);
        list.see(begin, end);
        list.close();
        parts.push_back(listed_attention(context, query, key, value, list, {.heads = 2}));
    }
    EXPECT_CLOSE(merged_reads(context, parts, 2).value,
                 values_of(attention(context, query, key, value, {.heads = 2}).value),
                 {.terms = longest_sum});
}

/// Keys say with their first features which block they are of, and the scores of blocks read those:
/// exp(-300) is nothing, so that the mixture is the block itself, whose keys count twice.
TEST(MixerIdentities, blocks_that_are_sorted_to_themselves_are_seen_alone) {
    const ChosenOptions options{{"heads", "1"}, {"block", "3"}};
    ChosenOptions sorting = options;
    sorting.insert(sorting.end(), {{"most_blocks", "3"}, {"temperature", "0.01"}});
    LivingMixer sorted({"sinkhorn", both_directions}, sorting);
    LivingMixer local({"local_attention", both_directions}, options);
    Numbers x = sequence_values(), key = values_in(*sorted.mixer, "key.weight"), sort;
    for (std::size_t feature = 0; feature < 3; ++feature) {
        for (std::size_t at = feature; at < x.size(); at += n_features) {
            x[at] = at / n_features / 3 == feature ? 1 : 0;
        }
        for (std::size_t i = 0; i < n_features; ++i) {
            sort.push_back(i == feature ? 1 : 0);
            key[feature * n_features + i] = sort.back();
        }
    }
    set(sorted.stream, *sorted.mixer, "key.weight", key);
    set(sorted.stream, *sorted.mixer, "sort", sort);
    copy_parameters(local, sorted);
    EXPECT_CLOSE(sorted.run(sorted.input(x, {})), local.run(local.input(x, {})),
                 {.terms = longest_sum});
}

/// The sum of all blocks of one is that block, and the released form adds up both softmaxes.
TEST(MixerIdentities, released_sinkhorn_of_one_block_is_twice_exact_attention) {
    LivingMixer released(
        {"sinkhorn", both_directions},
        {{"mode", "release"}, {"block", std::to_string(steps)}, {"projection_bias", "false"}});
    LivingMixer exact({"attention", both_directions}, {{"projection_bias", "false"}});
    copy_parameters(exact, released);
    Numbers twice = exact.run(exact.input(sequence_values(), {}));
    for (double& number : twice) number *= 2;
    EXPECT_CLOSE(released.run(released.input(sequence_values(), {})), twice,
                 {.terms = longest_sum});
}

TEST(MixerIdentities, doubly_stochastic_matrices_have_rows_and_columns_of_sum_1) {
    Stream stream{Device{}};
    Context context{stream};
    const auto limit = [&](const Shape& shape, const Numbers& scores) {
        const Var rows{tensor_of(stream, shape, DType::f64, scores)};
        return values_of(doubly_stochastic(context, rows, 200).value);
    };
    constexpr std::size_t n = 4;
    const Numbers matrix = limit({1, n, n}, random_values(n * n, -1, 1, {3, 0, 8}));
    for (std::size_t i = 0; i < n; ++i) {
        double row = 0, column = 0;
        for (std::size_t j = 0; j < n; ++j) {
            row += matrix[i * n + j];
            column += matrix[j * n + i];
        }
        EXPECT_NEAR(row, 1, 8 * epsilon_of(DType::f64));
        EXPECT_NEAR(column, 1, 8 * epsilon_of(DType::f64));
    }
    // Of 2 x 2: a / (1 - a) is the root of the ratio of both products, exp(0 + 0 - 1 - 2).
    const double a = 1 / (1 + std::exp(1.5));
    EXPECT_CLOSE(limit({1, 2, 2}, {0, 1, 2, 0}), Numbers({a, 1 - a, 1 - a, a}), {.terms = 200});
}

/// Scores of pairs of positions that are those of a sequence.
TEST(MixerIdentities, a_synthesizer_of_products_is_exact_attention) {
    for (const MixerPattern& pattern : {both_directions, causally}) {
        LivingMixer exact({"attention", pattern}, {{"heads", "2"}});
        LivingMixer learned(
            {"synthesizer", pattern},
            {{"heads", "2"}, {"products", "false"}, {"longest", std::to_string(steps)}});
        copy_parameters(learned, exact);
        const Numbers x = sequence_values();
        const Numbers query = mapped(exact, "query", x), key = mapped(exact, "key", x);
        Numbers scores;
        for (std::size_t at = 0; at < n_heads * steps * steps; ++at) {
            scores.push_back(
                product(query, at / steps % steps, key, at % steps, at / (steps * steps)) /
                std::sqrt(double{head_width}));
        }
        set(learned.stream, *learned.mixer, "random", scores);
        EXPECT_CLOSE(learned.run(learned.input(x, {})), exact.run(exact.input(x, {})),
                     {.terms = longest_sum});
    }
}

TEST(MixerIdentities, rectified_features_weigh_by_their_products) {
    for (const MixerPattern& pattern : {both_directions, causally}) {
        LivingMixer living({"performer", pattern}, {{"heads", "2"}, {"kernel", "relu"}});
        const Numbers x = sequence_values();
        Numbers query = mapped(living, "query", x), key = mapped(living, "key", x);
        for (Numbers* const rows : {&query, &key}) {
            for (double& number : *rows) number = std::max(number, 0.0) + 1e-3;
        }
        const auto weight = [&](std::size_t i, std::size_t j, std::size_t head) {
            return pattern.causal && j > i ? 0 : product(query, i, key, j, head);
        };
        EXPECT_CLOSE(living.run(living.input(x, {})),
                     read(living, mapped(living, "value", x), 0, weight), {.terms = longest_sum});
    }
}

/// Choromanski et al. 2021: exp(w (q + k) - (|q|^2 + |k|^2) / 2) has the mean exp(q k) and a
/// variance that is known, and that of the mean of m orthogonal ones is less than a share 1 / m of
/// it by (1 - 1 / m) 2 / (d + 2) (exp(q k) - exp(-(|q|^2 + |k|^2) / 2))^2 at least: here by 8 %.
TEST(MixerIdentities, random_features_have_the_mean_of_a_softmax_and_vary_less_if_orthogonal) {
    constexpr std::size_t groups = 8192;
    LivingMixer living({"performer", both_directions},
                       {{"heads", "1"}, {"random_features", std::to_string(groups * n_features)}});
    const Numbers drawn = values_in(*living.mixer, "projection");
    constexpr double part = 0.1;                    // each element of q and k
    constexpr double square = width * part * part;  // |q|^2, |k|^2 and q k
    const double kernel = std::exp(square);
    const double variance = kernel * kernel * std::expm1(4 * square);
    double mean = 0, deviation = 0;
    for (std::size_t group = 0; group < groups; ++group) {
        double of_group = 0;
        for (std::size_t row = group * n_features; row < (group + 1) * n_features; ++row) {
            double projected = 0;
            for (std::size_t c = 0; c < n_features; ++c) {
                projected += 2 * part * drawn[row * n_features + c];
            }
            of_group += std::exp(projected - square) / width;
        }
        mean += of_group / groups;
        deviation += (of_group - kernel) * (of_group - kernel) / groups;
    }
    EXPECT_NEAR(mean, kernel, 4 * std::sqrt(variance / (groups * n_features)));
    const double gap = kernel - std::exp(-square);
    const double less = (1 - 1.0 / width) * 2 / (width + 2) * gap * gap;
    // Half of it is three standard errors of so many groups.
    EXPECT_LT(deviation, variance / width - less / 2);
}

/// Where all scores are the same, so is every landmark, and their matrix has the rank 1.
TEST(MixerIdentities, nystrom_attention_of_equal_keys_is_the_mean) {
    LivingMixer living({"nystrom", both_directions},
                       {{"heads", "2"}, {"landmarks", "3"}, {"taps", "0"}});
    for (const char* const map : {"query.weight", "key.weight"}) {
        set_all(living.stream, *living.mixer, map, 0);
    }
    const Numbers x = sequence_values();
    const auto weight = [](std::size_t, std::size_t, std::size_t) { return 1.0; };
    EXPECT_CLOSE(living.run(living.input(x, {})),
                 read(living, mapped(living, "value", x), 0, weight), {.terms = longest_sum});
}

/// Its weights sum to 1.
TEST(MixerIdentities, lara_reads_equal_values_as_they_are) {
    LivingMixer living({"lara", both_directions}, {{"heads", "2"}, {"landmarks", "3"}});
    set_all(living.stream, *living.mixer, "value.weight", 0);
    set(living.stream, *living.mixer, "value.bias", random_values(width, -1, 1, {3, 0, 5}));
    const Numbers x = sequence_values();
    EXPECT_CLOSE(living.run(living.input(x, {})),
                 mapped(living, "output", mapped(living, "value", x)), {.terms = longest_sum});
}

TEST(MixerIdentities, prob_sparse_attention_of_no_queries_is_the_mean) {
    Stream stream{Device{}};
    Context context{stream};
    const Numbers values = sequence_values();
    const Var rows{tensor_of(stream, {1, steps, width}, DType::f64, values)};
    const Tensor sample = Tensor::zeros(stream, {steps, 1}, DType::i32);
    Numbers expected(values.size(), 0.0);
    for (std::size_t at = 0; at < values.size(); ++at) {
        for (std::size_t i = at % n_features; i < values.size(); i += n_features) {
            expected[at] += values[i] / steps;
        }
    }
    EXPECT_CLOSE(values_of(prob_sparse_attention(context, rows, rows, rows,
                                                 {.heads = 2, .chosen = 0, .sample = sample})
                               .value),
                 expected, {.terms = steps});
}

}  // namespace
}  // namespace elm::test::mixing

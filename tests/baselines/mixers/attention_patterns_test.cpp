// Attentions with a pattern or a summary of the steps, against exact attention with a mask, their
// own other forms, and limits in which they are exact; and what they refuse.

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "baselines/mixers/attention/heads.h"
#include "baselines/mixers/sparse/bigbird_blocks.h"
#include "kernels/core/support/error.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/product/matmul.h"
#include "tests/support/compare.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

constexpr std::int64_t width = 8;

using Options = std::vector<std::pair<std::string, std::string>>;

class AttentionPatterns : public testing::Test {
protected:
    Tensor draw(std::int64_t steps) {
        return tensor_of(stream_, {2, steps, width}, DType::f64,
                         random_values(2 * steps * width, -2, 2, {5}));
    }
    static Tensor counts(const std::vector<std::int32_t>& lengths) {
        Stream host{Device{}};
        return Tensor::from<std::int32_t>(host, {std::ssize(lengths)}, lengths);
    }
    std::unique_ptr<SequenceMixer> make(const std::string& name, const Options& chosen,
                                        bool causal) {
        OptionSet options = find_mixer(name).options();
        options.set("heads", "2");
        for (const auto& [option, text] : chosen) options.set(option, text);
        auto mixer = find_mixer(name).make(options, {.width = width, .causal = causal, .layer = 1});
        flat_.push_back(allocate_parameters(stream_, *mixer, DType::f64, {7}));
        return mixer;
    }
    std::vector<double> run(SequenceMixer& mixer, const Tensor& sequence, bool causal,
                            const Tensor& lengths = {}) {
        Context context{stream_};
        return values_of(
            mixer.mix(context, {.sequence = {sequence}, .lengths = lengths, .causal = causal})
                .value);
    }
    /// Exact attention with the parameters of `mixer`, in which query i sees key j where it says
    /// so.
    std::vector<double> exact(SequenceMixer& mixer, const Tensor& sequence,
                              const std::function<bool(std::int64_t, std::int64_t)>& sees,
                              const Tensor& lengths = {}) {
        const std::int64_t steps = sequence.shape()[1];
        std::vector<double> bias;
        for (std::int64_t at = 0; at < 2 * steps * steps; ++at) {
            bias.push_back(sees(at / steps % steps, at % steps) ? 0 : -1e9);
        }
        Context context{stream_};
        std::map<std::string, Tensor> known;
        for (const auto& [name, parameter] : mixer.parameters()) known[name] = parameter->value;
        const auto project = [&](const std::string& name, const Var& rows) {
            const Var weight{known.at(name + ".weight")};
            return known.contains(name + ".bias")
                       ? linear(context, rows, weight, {known.at(name + ".bias")})
                       : linear(context, rows, weight);
        };
        const Var rows{sequence};
        return values_of(
            project("output", attention(context, project("query", rows), project("key", rows),
                                        project("value", rows),
                                        {tensor_of(stream_, {2, steps, steps}, DType::f64, bias)},
                                        {.heads = 2, .lengths = lengths}))
                .value);
    }
    std::string error_of(const std::function<void()>& call) {
        try {
            call();
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            return error.message();
        }
        return "there was no error";
    }
    void expect_refusal(const std::string& part, const std::string& name, const Options& chosen,
                        bool causal, std::int64_t steps) {
        const std::string found = error_of([&] {
            const auto mixer = make(name, chosen, causal);
            run(*mixer, draw(steps), causal);
        });
        EXPECT_NE(found.find(part), std::string::npos) << found;
    }

    Stream stream_{Device{}};
    std::vector<FlatParameters> flat_;
};

TEST_F(AttentionPatterns, sparse_attention_sees_its_pattern) {
    for (const std::int64_t steps : {1, 7, 23, 150}) {
        const Tensor sequence = draw(steps);
        for (const bool causal : {false, true}) {
            const auto fixed = make("sparse", {{"block", "5"}, {"summary", "2"}}, causal);
            EXPECT_CLOSE(run(*fixed, sequence, causal),
                         exact(*fixed, sequence,
                               [&](std::int64_t i, std::int64_t j) {
                                   return (!causal || j <= i) && (i / 5 == j / 5 || j % 5 >= 3);
                               }),
                         {.terms = 1024});
            const auto strided =
                make("sparse", {{"block", "4"}, {"pattern", "strided"}, {"summary", "1"}}, causal);
            EXPECT_CLOSE(run(*strided, sequence, causal),
                         exact(*strided, sequence,
                               [&](std::int64_t i, std::int64_t j) {
                                   return (!causal || j <= i) &&
                                          (std::abs(i - j) < 4 || (i - j) % 4 == 0);
                               }),
                         {.terms = 1024});
        }
    }
}

TEST_F(AttentionPatterns, longformer_sees_its_window_and_global_steps) {
    const Tensor sequence = draw(140);
    const auto plain = make("longformer", {{"window", "6"}}, false);
    EXPECT_CLOSE(run(*plain, sequence, false),
                 exact(*plain, sequence,
                       [](std::int64_t i, std::int64_t j) { return i - 2 <= j && j <= i + 3; }),
                 {.terms = 1024});
    // With maps for global steps that are those of the others, one mask says it all.
    for (const bool causal : {false, true}) {
        const auto global = make("longformer", {{"window", "7"}, {"global_steps", "0,70"}}, causal);
        std::map<std::string, Tensor> known;
        for (const auto& [name, parameter] : global->parameters()) known[name] = parameter->value;
        for (const auto& [name, value] : known) {
            if (!name.starts_with("global.")) continue;
            value.assign<double>(stream_, values_of(known.at(name.substr(7))));
        }
        const auto is_global = [](std::int64_t i) { return i == 0 || i == 70; };
        EXPECT_CLOSE(run(*global, sequence, causal),
                     exact(*global, sequence,
                           [&](std::int64_t i, std::int64_t j) {
                               return (!causal || j <= i) &&
                                      (std::abs(i - j) <= 3 || is_global(i) || is_global(j));
                           }),
                     {.terms = 1024});
    }
}

/// The last step of each sample is global, wherever it is.
TEST_F(AttentionPatterns, longformer_counts_global_steps_from_the_end_of_each_sample) {
    const auto mixer = make("longformer", {{"window", "3"}, {"global_steps", "-1"}}, false);
    const Tensor sequence = draw(20);
    const auto padded = run(*mixer, sequence, false, counts({20, 9}));
    const Tensor second =
        sequence.rows(1, 2).reshape({20, width}).rows(0, 9).reshape({1, 9, width});
    const auto alone = run(*mixer, second, false);
    EXPECT_CLOSE(std::vector<double>(padded.begin() + 20 * width, padded.begin() + 29 * width),
                 alone, {.terms = 1024});
}

TEST_F(AttentionPatterns, bigbird_sees_its_blocks) {
    const auto mixer = make("bigbird", {{"block", "4"}, {"random_blocks", "0"}}, false);
    const Tensor sequence = draw(38);  // 10 blocks, of which the last has two steps
    const auto sees = [](std::int64_t i, std::int64_t j) {
        const std::int64_t own = i / 4, other = j / 4;
        const bool global = own == 0 || own == 9 || other == 0 || other == 9;
        return global || std::abs(own - other) <= 1;
    };
    EXPECT_CLOSE(run(*mixer, sequence, false), exact(*mixer, sequence, sees), {.terms = 1024});
    const Tensor lengths = counts({38, 21});
    const auto padded = run(*mixer, sequence, false, lengths);
    const auto expected = exact(*mixer, sequence, sees, lengths);
    EXPECT_CLOSE(std::vector<double>(padded.begin(), padded.begin() + 59 * width),
                 std::vector<double>(expected.begin(), expected.begin() + 59 * width),
                 {.terms = 1024});
    const auto all = make("bigbird", {{"block", "4"}, {"random_blocks", "9"}}, false);
    EXPECT_CLOSE(run(*all, sequence, false),
                 exact(*all, sequence, [](std::int64_t, std::int64_t) { return true; }),
                 {.terms = 1024});
}

TEST_F(AttentionPatterns, bigbird_draws_other_blocks_once_each) {
    BigBirdBlocks blocks{.steps = 100, .block = 5, .heads = 3, .spare = 0, .random = 4};
    draw_random_blocks(blocks, 0, {3});
    std::set<std::set<std::int32_t>> different;
    std::set<std::int32_t> all;
    ASSERT_EQ(std::ssize(blocks.table), 3 * 18 * 4);
    for (std::int64_t row = 0; row < 3 * 18; ++row) {
        const auto begin = blocks.table.begin() + 4 * row;
        const std::set<std::int32_t> drawn(begin, begin + 4);
        EXPECT_EQ(drawn.size(), 4U);
        for (const std::int32_t other : drawn) {
            EXPECT_TRUE(other > 0 && other < 19 && std::abs(other - (row % 18 + 1)) > 1) << row;
        }
        different.insert(drawn);
        all.insert(drawn.begin(), drawn.end());
    }
    EXPECT_GT(different.size(), 40U);
    EXPECT_EQ(all.size(), 18U);
    BigBirdBlocks near{.steps = 100, .block = 5, .heads = 1, .spare = 0, .random = 4};
    draw_random_blocks(near, 30, {3});
    for (const std::int32_t other : near.table) EXPECT_LT(other, 6);
    BigBirdBlocks few{.steps = 25, .block = 5, .heads = 1, .spare = 0, .random = 4};
    draw_random_blocks(few, 0, {3});
    EXPECT_EQ(few.table, (std::vector<std::int32_t>{3, -1, -1, -1, -1, -1, -1, -1, 1, -1, -1, -1}));
}

/// Where there is no more to leave out, they are exact attention.
TEST_F(AttentionPatterns, that_leave_nothing_out_are_exact) {
    const Tensor sequence = draw(24);
    const auto all = [](std::int64_t, std::int64_t) { return true; };
    for (const auto& [name, options] :
         {std::pair<std::string, Options>{"nystrom", {{"landmarks", "24"}, {"taps", "0"}}},
          {"prob_sparse", {{"factor", "100"}}},
          {"sinkhorn", {{"block", "24"}}}}) {
        const auto mixer = make(name, options, false);
        // One block alone is mixed of itself: keys count twice.
        EXPECT_CLOSE(run(*mixer, sequence, false), exact(*mixer, sequence, all), {.terms = 1024});
    }
}

/// Steps beyond the length of a sample change nothing, not even by their number.
TEST_F(AttentionPatterns, do_not_depend_on_the_number_of_padded_steps) {
    const Tensor sequence = draw(30);
    for (const auto& [name, options] :
         {std::pair<std::string, Options>{"sinkhorn", {{"block", "4"}}},
          {"reformer", {{"chunk", "4"}, {"buckets", "6"}}},
          {"long_short", {{"window", "4"}, {"summaries", "3"}}},
          {"abc", {{"slots", "3"}}},
          {"sparse", {{"block", "4"}, {"summary", "1"}}}}) {
        const auto mixer = make(name, options, false);
        const auto padded = run(*mixer, sequence, false, counts({30, 13}));
        const Tensor second =
            sequence.rows(1, 2).reshape({30, width}).rows(0, 13).reshape({1, 13, width});
        EXPECT_CLOSE(std::vector<double>(padded.begin() + 30 * width, padded.begin() + 43 * width),
                     run(*mixer, second, false), {.terms = 1024})
            << name;
    }
}

/// A causal step sees the slots of a sequence that ends with it: another form, by another op.
TEST_F(AttentionPatterns, abc_has_the_slots_of_all_steps_so_far) {
    const auto mixer = make("abc", {{"slots", "3"}}, true);
    const Tensor sequence = draw(40);
    const auto causal = run(*mixer, sequence, true);
    for (const std::int64_t end : {1, 2, 17, 40}) {
        const Tensor start = sequence.rows(0, 1).reshape({40, width}).rows(0, end);
        const auto whole = run(*mixer, start.reshape({1, end, width}), false);
        EXPECT_CLOSE(
            std::vector<double>(causal.begin() + (end - 1) * width, causal.begin() + end * width),
            std::vector<double>(whole.end() - width, whole.end()), {.terms = 1024});
    }
}

/// With one landmark the answer is the same for all queries.
TEST_F(AttentionPatterns, lara_with_one_landmark_does_not_depend_on_the_query) {
    const auto mixer = make("lara", {{"landmarks", "1"}}, false);
    const auto values = run(*mixer, draw(9), false);
    for (std::size_t i = width; i < 9 * width; ++i) {
        EXPECT_NEAR(values[i], values[i % width], 1e-13);
    }
}

/// In training landmarks are drawn, again in each step.
TEST_F(AttentionPatterns, lara_draws_around_its_landmarks_in_training) {
    const auto mixer = make("lara", {{"landmarks", "2"}}, false);
    const Tensor sequence = draw(9);
    const auto trained = [&](std::uint64_t step) {
        Context context{.stream = stream_, .random = {1, step}, .training = true};
        return values_of(mixer->mix(context, {.sequence = {sequence}, .causal = false}).value);
    };
    EXPECT_EQ(trained(1), trained(1));
    EXPECT_NE(trained(1), trained(2));
    EXPECT_NE(trained(1), run(*mixer, sequence, false));
}

TEST_F(AttentionPatterns, say_what_they_cannot_do) {
    expect_refusal("is no multiple of a block of 5", "sinkhorn",
                   {{"block", "5"}, {"mode", "release"}}, false, 12);
    expect_refusal("Set most_blocks", "sinkhorn", {{"block", "4"}, {"most_blocks", "2"}}, false, 9);
    expect_refusal("Set taps to an odd number", "nystrom", {{"taps", "4"}}, false, 9);
    expect_refusal("'x' is no whole number", "longformer", {{"global_steps", "0,x"}}, false, 9);
    expect_refusal("counts from the end", "longformer", {{"global_steps", "-1"}}, true, 9);
    expect_refusal("Set summary to no more than block", "sparse",
                   {{"block", "3"}, {"summary", "4"}}, true, 9);
    expect_refusal("Set buckets to an even number", "reformer", {{"buckets", "5"}}, false, 9);
    expect_refusal("no multiple of 10 chunks", "reformer",
                   {{"buckets", "10"}, {"chunk", "7"}, {"mode", "release"}}, false, 9);
    expect_refusal("mode release has no other one", "reformer",
                   {{"attention_width", "4"}, {"mode", "release"}}, false, 9);
    for (const char* const name :
         {"nystrom", "bigbird", "sinkhorn", "prob_sparse", "lara", "reformer"}) {
        expect_refusal("cannot read a sequence causally", name, {}, true, 9);
    }
}

}  // namespace
}  // namespace elm::test

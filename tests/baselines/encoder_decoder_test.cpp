// The encoder-decoder against a sum of its parts, its patterns, and what it refuses.

#include "baselines/backbones/encoder_decoder.h"

#include <gtest/gtest.h>

#include <map>

#include "baselines/model_registry.h"
#include "kernels/core/support/error.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/normalise.h"
#include "kernels/ops/product/matmul.h"
#include "tests/support/compare.h"
#include "tests/support/error_message.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

constexpr std::int64_t width = 8, batch = 2, source_steps = 5, target_steps = 7;
using Chosen = std::vector<std::pair<std::string, std::string>>;
using Numbers = std::vector<double>;

OptionSet options_of(const Chosen& chosen) {
    OptionSet options;
    EncoderDecoder::declare(options);
    for (const auto& [name, text] : Chosen{{"width", "8"},
                                           {"mlp_width", "5"},
                                           {"encoder_layers", "1"},
                                           {"decoder_layers", "1"},
                                           {"encoder_options", "heads=2"},
                                           {"decoder_options", "heads=2"},
                                           {"cross_options", "heads=2"}}) {
        options.set(name, text);
    }
    for (const auto& [name, text] : chosen) options.set(name, text);
    return options;
}

class EncoderDecoders : public testing::Test {
protected:
    void make(const Chosen& chosen) {
        stacks_ = std::make_unique<EncoderDecoder>(options_of(chosen), 3);
        flat_ = allocate_parameters(stream_, *stacks_, DType::f64, {5});
    }
    Tensor rows(const Numbers& values) {
        return tensor_of(stream_, {batch, std::ssize(values) / (batch * width), width}, DType::f64,
                         values);
    }
    static Numbers source() { return random_values(batch * source_steps * width, -1, 1, {1}); }
    static Numbers target() { return random_values(batch * target_steps * width, -1, 1, {2}); }

    Numbers run(const Numbers& source, const Numbers& target) {
        Context context{stream_};
        return values_of(
            stacks_->forward(context, {.source = {rows(source)}, .target = {rows(target)}}).value);
    }
    static std::string error_of(const Chosen& chosen) {
        try {
            const EncoderDecoder made(options_of(chosen), 0);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            return error.message();
        }
        return "there was no error";
    }

    Stream stream_{Device{}};
    std::unique_ptr<EncoderDecoder> stacks_;
    FlatParameters flat_;
};

/// Its own equations again, with one op after the other.
TEST_F(EncoderDecoders, is_the_sum_of_its_parts) {
    make({{"norm", "post"}, {"positions", "none"}, {"activation", "relu"}});
    std::map<std::string, Var> known;
    for (const auto& [name, parameter] : stacks_->parameters()) known[name] = {parameter->value};
    Context context{stream_};
    const auto apply = [&](const std::string& name, const Var& x) {
        const Var& weight = known.at(name + ".weight");
        return known.contains(name + ".bias") ? linear(context, x, weight, known.at(name + ".bias"))
                                              : linear(context, x, weight);
    };
    const auto norm = [&](const std::string& name, const Var& x) {
        return layer_norm(context, x, known.at(name + ".weight"), known.at(name + ".bias"));
    };
    const auto read = [&](const std::string& name, const Var& x, const Var& from, bool causal) {
        const Var seen = attention(context, apply(name + ".query", x), apply(name + ".key", from),
                                   apply(name + ".value", from), {.heads = 2, .causal = causal});
        return norm(name + "_norm", add(context, x, apply(name + ".output", seen)));
    };
    const auto perceptron = [&](const std::string& block, const Var& x) {
        const Var hidden = activate(context, apply(block + ".widen", x), Activation::relu);
        return norm(block + ".mlp_norm", add(context, x, apply(block + ".narrow", hidden)));
    };
    const Var from{rows(source())}, to{rows(target())};
    const Var memory = perceptron("encoder.0", read("encoder.0.mixer", from, from, false));
    const Var own = read("decoder.0.mixer", to, to, true);
    const Var expected = perceptron("decoder.0", read("decoder.0.cross", own, memory, false));
    EXPECT_CLOSE(run(source(), target()), values_of(expected.value), {.terms = 256});
}

/// What every mixer of a causal role must keep: a prefix of the target has the answers of the
/// whole, given the same source.
TEST_F(EncoderDecoders, a_prefix_of_the_target_has_the_answers_of_the_whole) {
    for (const Chosen& chosen :
         {Chosen{}, Chosen{{"encoder_mixer", "nystrom"}, {"cross_mixer", "abc"}},
          Chosen{{"decoder_mixer", "s4d"}, {"decoder_options", ""}, {"cross_mixer", "performer"}},
          Chosen{{"decoder_mixer", "mega"},
                 {"decoder_options", ""},
                 {"cross_mixer", "mega_cross"},
                 {"cross_options", ""},
                 {"norm", "post"}}}) {
        make(chosen);
        const Numbers whole = run(source(), target());
        for (const std::int64_t count : {1, 4}) {
            Numbers start, expected;
            for (std::int64_t sample = 0; sample < batch; ++sample) {
                const Numbers all = target();
                const auto first = sample * target_steps * width;
                start.insert(start.end(), all.begin() + first, all.begin() + first + count * width);
                expected.insert(expected.end(), whole.begin() + first,
                                whole.begin() + first + count * width);
            }
            EXPECT_CLOSE(run(source(), start), expected, {.terms = 512});
        }
    }
}

TEST_F(EncoderDecoders, a_target_goes_on_step_by_step) {
    make({{"decoder_layers", "2"}});
    const Numbers whole = run(source(), target());
    Context context{stream_};
    const Var memory = stacks_->encode(context, {rows(source())});
    const Var all{rows(target())};
    SequenceState state;
    std::vector<Var> parts;
    for (std::int64_t t = 0; t < target_steps; ++t) {
        parts.push_back(stacks_->decode(
            context, {.source = {}, .target = slice(context, all, 1, t, t + 1)}, memory, &state));
    }
    EXPECT_CLOSE(values_of(concatenate(context, parts, 1).value), whole, {.terms = 512});
}

TEST_F(EncoderDecoders, without_causality_the_first_answer_depends_on_the_last_step) {
    for (const char* const causal : {"false", "true"}) {
        make({{"causal", causal}});
        Numbers changed = target();
        changed.back() += 1;
        const bool same =
            run(source(), changed)[static_cast<std::size_t>((target_steps * width))] ==
            run(source(), target())[static_cast<std::size_t>(target_steps * width)];
        EXPECT_EQ(same, std::string(causal) == "true");
    }
}

/// Padding of the source changes nothing, nor does that of the target before it.
TEST_F(EncoderDecoders, padded_steps_change_nothing) {
    make({{"causal", "false"}});
    Numbers from = source(), to = target();
    Stream host{Device{}};
    const auto answer = [&] {
        Context context{stream_};
        const std::vector<std::int32_t> source_counts{5, 3}, target_counts{7, 4};
        return values_of(
            stacks_
                ->forward(context,
                          {.source = {rows(from)},
                           .target = {rows(to)},
                           .source_lengths = Tensor::from<std::int32_t>(host, {2}, source_counts),
                           .target_lengths = Tensor::from<std::int32_t>(host, {2}, target_counts)})
                .value);
    };
    const Numbers before = answer();
    for (std::size_t i = (source_steps + 3) * width; i < from.size(); ++i) from[i] += 2;
    for (std::size_t i = (target_steps + 4) * width; i < to.size(); ++i) to[i] -= 2;
    const Numbers after = answer();
    constexpr std::ptrdiff_t counted = (target_steps + 4) * width;
    EXPECT_EQ(Numbers(after.begin(), after.begin() + counted),
              Numbers(before.begin(), before.begin() + counted));
}

TEST_F(EncoderDecoders, a_role_that_is_left_out_has_no_parameters) {
    make({{"cross_mixer", "none"}});
    for (const auto& [name, parameter] : stacks_->parameters()) {
        EXPECT_EQ(name.find("cross"), std::string::npos) << name;
    }
    Numbers other = source();
    for (double& value : other) value += 1;
    EXPECT_EQ(run(other, target()), run(source(), target()));
}

TEST_F(EncoderDecoders, refuse_a_mixer_without_the_pattern_of_its_role) {
    const std::string decoder = error_of({{"decoder_mixer", "nystrom"}, {"decoder_options", ""}});
    EXPECT_NE(
        decoder.find("decoder_mixer: nystrom cannot read a sequence causally (CS): landmarks"),
        std::string::npos)
        << decoder;
    EXPECT_NE(error_of({{"cross_mixer", "local_attention"}})
                  .find("cross_mixer: local_attention cannot read another sequence causally (CC)"),
              std::string::npos);
    EXPECT_NE(error_of({{"cross_mixer", "lara"}, {"causal", "false"}})
                  .find("lara cannot read another sequence in both directions (NC)"),
              std::string::npos);
    EXPECT_NE(error_of({{"encoder_mixer", "mamba"}, {"encoder_options", ""}})
                  .find("encoder_mixer: mamba cannot read a sequence in both directions (NS)"),
              std::string::npos);
    EXPECT_NE(error_of({{"cross_mixer", "atention"}}).find("Did you mean attention?"),
              std::string::npos);
    EXPECT_NE(error_of({{"cross_options", "head=2"}}).find("the options of the mixer attention"),
              std::string::npos);
    EXPECT_NE(error_of({{"cross_options", "heads"}}).find("expected NAME=VALUE"),
              std::string::npos);
}

/// A product is two operations a number. Attention of width 8 takes 2 x 8 for the weight of a key
/// and 2 x 8 for its value; of 5 steps of a source and 7 of a target, those of the source read 5
/// keys, a step t of the target t + 1 of its own, 4 in the mean, or 7 where all are read, and 5 of
/// the source in either case.
TEST_F(EncoderDecoders, operations_are_those_counted_by_hand) {
    constexpr double attention = 4 * 8 * 8, perceptron = 8 * 5 + 5 * 8;
    constexpr double encoder = attention + perceptron, decoder = 2 * attention + perceptron;
    for (const bool causal : {false, true}) {
        make({{"causal", causal ? "true" : "false"}});
        const double of_keys = 32 * (5.0 * 5 + 7.0 * (causal ? 4 : 7) + 7.0 * 5);
        EXPECT_EQ(stacks_->flops(5, 7), 2 * (5 * encoder + 7 * decoder) + of_keys) << causal;
    }
    make({{"cross_mixer", "none"}, {"cross_options", ""}});
    EXPECT_EQ(stacks_->flops(5, 7),
              2 * (5 * encoder + 7 * (decoder - attention)) + 32 * (5.0 * 5 + 7.0 * 4));
}

/// The model of the registry cuts a sequence into both.
TEST(EncoderDecoderModels, answer_at_steps_of_the_target_alone) {
    OptionSet options = find_model("encoder_decoder").options();
    options.set("source_steps", "3");
    options.set("width", "8");
    const auto model = find_model("encoder_decoder").make(options, {4, 2}, 0);
    Stream stream{Device{}};
    const FlatParameters flat = allocate_parameters(stream, *model, DType::f64, {1});
    Context context{stream};
    const auto run = [&](std::int64_t steps) {
        return values_of(
            model
                ->forward(context, {.dense = {tensor_of(stream, {1, steps, 4}, DType::f64,
                                                        random_values(steps * 4, -1, 1, {1}))}})
                .value);
    };
    const Numbers seven = run(7);
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(seven[i], 0);
    for (std::size_t i = 6; i < 14; ++i) EXPECT_NE(seven[i], 0);
    // A sequence that is all source has no answers, and nothing that could be learnt.
    EXPECT_EQ(run(2), Numbers(4, 0.0));
    Tape tape;
    context.tape = &tape;
    EXPECT_NE(message_of([&] { run(3); }).find("source_steps is 3 and a sequence has 3 steps"),
              std::string::npos);
    EXPECT_GT(model->flops_per_step(7), 0);
    EXPECT_TRUE(model->traits().causal);
}

}  // namespace
}  // namespace elm::test

// Conformance of every mixer with every pattern that it declares (Zhang et al. 2023, arXiv
// 2210.07661): what a step may depend on, what it may not, padding, steps one by one, gradients.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "kernels/core/support/error.h"
#include "tests/baselines/mixers/living_mixer.h"
#include "tests/support/gradient_check.h"

namespace elm::test::mixing {
namespace {

std::vector<PatternCase> cases(bool declared) {
    std::vector<PatternCase> all;
    for (const MixerEntry& entry : all_mixers()) {
        if (declared && entry.name == "identity") continue;  // it sees no other step
        for (const MixerPattern& pattern : all_patterns) {
            const auto mixer = mixer_for(entry.name, pattern);
            if (pattern.is_known(mixer->traits()) == declared) all.push_back({entry.name, pattern});
        }
    }
    return all;
}

Tensor counts(const std::vector<std::int32_t>& lengths) {
    Stream host{Device{}};
    return Tensor::from<std::int32_t>(host, {std::ssize(lengths)}, lengths);
}

class MixerPatterns : public testing::TestWithParam<PatternCase> {};

TEST_P(MixerPatterns, a_causal_prefix_has_the_answers_of_the_whole) {
    if (!GetParam().pattern.causal) GTEST_SKIP() << "it reads in both directions";
    LivingMixer living(GetParam());
    const Numbers sequence = sequence_values(), source = source_values();
    const Numbers whole = living.run(living.input(sequence, source));
    for (std::int64_t count = 1; count < steps; ++count) {
        EXPECT_CLOSE(living.run(living.input(first_rows(sequence, count), source)),
                     first_rows(whole, count), {.terms = longest_sum});
    }
}

/// Not to the bit: a transform over all steps rounds each by the size of all.
TEST_P(MixerPatterns, a_later_step_changes_no_causal_answer) {
    if (!GetParam().pattern.causal) GTEST_SKIP() << "it reads in both directions";
    LivingMixer living(GetParam());
    Numbers sequence = sequence_values();
    const Numbers source = source_values(), before = living.run(living.input(sequence, source));
    for (std::int64_t changed = steps - 1; changed > 0; --changed) {
        for (std::int64_t k = 0; k < width; ++k) {
            sequence[static_cast<std::size_t>(changed * width + k)] +=
                1 + 0.1 * static_cast<double>(k);
        }
        EXPECT_CLOSE(first_rows(living.run(living.input(sequence, source)), changed),
                     first_rows(before, changed), {.terms = longest_sum});
    }
}

/// In both directions the first answer depends on the last step; across, every answer depends on
/// every step of the source.
TEST_P(MixerPatterns, sees_what_its_pattern_lets_it_see) {
    LivingMixer living(GetParam());
    Numbers sequence = sequence_values(), source = source_values();
    const Numbers before = living.run(living.input(sequence, source));
    if (GetParam().pattern.is_cross) {
        for (std::int64_t changed = 0; changed < source_steps; ++changed) {
            source[static_cast<std::size_t>(changed * width)] += 1;
            const Numbers after = living.run(living.input(sequence, source));
            EXPECT_NE(after.front(), before.front()) << changed;
            EXPECT_NE(after.back(), before.back()) << changed;
        }
    } else if (!GetParam().pattern.causal &&
               GetParam().mixer != "reformer") {  // sees its hash alone
        sequence.back() += 1;
        EXPECT_NE(first_rows(living.run(living.input(sequence, source)), 1), first_rows(before, 1));
    }
    // All of its features: rwkv4 begins with one that only later steps see.
    for (std::int64_t k = 0; k < width; ++k) {
        sequence[static_cast<std::size_t>(k)] += 1 + 0.1 * static_cast<double>(k);
    }
    EXPECT_NE(first_rows(living.run(living.input(sequence, source)), 1), first_rows(before, 1));
}

/// Whether the number of padded steps is part of what a mixer does: baselines/README.md.
bool counts_padding(const std::string& mixer) {
    return std::set<std::string>{"bigbird", "lara", "nystrom", "prob_sparse"}.contains(mixer);
}

TEST_P(MixerPatterns, padded_steps_change_nothing) {
    LivingMixer living(GetParam());
    const bool is_cross = GetParam().pattern.is_cross;
    if (counts_padding(GetParam().mixer)) GTEST_SKIP() << "it depends on the longest of a batch";
    const Numbers sequence = sequence_values(), source = source_values();
    const Numbers alone = living.run(living.input(sequence, source));
    for (const std::int64_t more : {1, 2, 7}) {
        const auto longer = [&](Numbers values) {
            const Numbers beyond = random_values(more * width, -2, 2, {3, 0, 4});
            values.insert(values.end(), beyond.begin(), beyond.end());
            return values;
        };
        MixerInput input = is_cross ? living.input(sequence, longer(source))
                                    : living.input(longer(sequence), source);
        (is_cross ? input.context_lengths : input.lengths) =
            counts({static_cast<std::int32_t>(is_cross ? source_steps : steps)});
        EXPECT_CLOSE(first_rows(living.run(input), steps), alone, {.terms = longest_sum}) << more;
    }
}

/// Where positions do not count, permuted steps of the target have permuted answers, and permuted
/// steps of the source change nothing.
TEST_P(MixerPatterns, across_the_order_of_steps_is_nothing) {
    if (!GetParam().pattern.is_cross) GTEST_SKIP() << "it reads one sequence";
    const std::set<std::string> of_positions{"cosformer", "linformer", "mega_cross"};
    if (of_positions.contains(GetParam().mixer)) GTEST_SKIP() << "positions count";
    LivingMixer living(GetParam());
    const auto permuted = [](const Numbers& rows, std::int64_t factor) {
        const std::int64_t count = std::ssize(rows) / width;
        Numbers moved(rows.size());
        for (std::int64_t row = 0; row < count; ++row) {
            std::copy_n(rows.begin() + row * factor % count * width, width,
                        moved.begin() + row * width);
        }
        return moved;
    };
    const Numbers sequence = sequence_values(), source = source_values();
    const Numbers before = living.run(living.input(sequence, source));
    EXPECT_CLOSE(living.run(living.input(permuted(sequence, 4), permuted(source, 5))),
                 permuted(before, 4), {.terms = longest_sum});
}

/// With a state step by step, across without one.
TEST_P(MixerPatterns, steps_one_by_one_have_the_answers_of_the_whole) {
    LivingMixer living(GetParam());
    const bool is_cross = GetParam().pattern.is_cross;
    if (!GetParam().pattern.causal) GTEST_SKIP() << "it reads in both directions";
    if (!is_cross && !living.mixer->traits().streams) GTEST_SKIP() << "it reads whole sequences";
    if (is_cross && GetParam().mixer != "attention" && GetParam().mixer != "abc" &&
        GetParam().mixer != "performer" && GetParam().mixer != "linear_attention") {
        GTEST_SKIP() << "positions of the target count";
    }
    const Numbers sequence = sequence_values(), source = source_values();
    const Numbers whole = living.run(living.input(sequence, source));
    SequenceState state;
    for (std::int64_t t = 0; t < steps; ++t) {
        StateCursor cursor(state);
        const Numbers one(sequence.begin() + t * width, sequence.begin() + (t + 1) * width);
        const Numbers found = living.run(living.input(one, source), is_cross ? nullptr : &cursor);
        if (!is_cross) cursor.finish();
        EXPECT_CLOSE(found, Numbers(whole.begin() + t * width, whole.begin() + (t + 1) * width),
                     {.terms = longest_sum});
    }
}

/// The mixer as an op of its parameters, its sequence and its source.
OpCase as_op(LivingMixer& living) {
    OpCase op;
    op.name = "mixer";
    op.longest_sum = longest_sum;
    const auto parameters = living.mixer->parameters();
    for (const auto& [name, parameter] : parameters) {
        op.inputs.push_back({.name = name,
                             .shape = parameter->shape,
                             .differentiable = parameter->trainable,
                             .values = values_of(parameter->value)});
    }
    op.inputs.push_back(
        {.name = "sequence", .shape = {1, steps, width}, .values = sequence_values()});
    if (living.pattern.is_cross) {
        op.inputs.push_back(
            {.name = "source", .shape = {1, source_steps, width}, .values = source_values()});
    }
    op.run = [&living, parameters](Context& context, std::span<const Var> inputs) {
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            parameters[i].parameter->value = inputs[i].value;
        }
        Context plain{.stream = context.stream};
        MixerInput input{.sequence = {inputs[parameters.size()].value},
                         .causal = living.pattern.causal};
        if (living.pattern.is_cross) input.context = {inputs.back().value};
        return std::vector<Var>{living.mixer->mix(plain, input)};
    };
    return op;
}

TEST_P(MixerPatterns, gradient_agrees_with_differences) {
    LivingMixer living(GetParam());
    const OpCase op = as_op(living);
    const Arrays outputs = evaluate(op, inputs_of(op));
    const Numbers weights = output_gradients_of(outputs).front();
    Tape tape;
    Context context{.stream = living.stream, .tape = &tape};
    std::vector<Parameter> leaves;
    for (std::size_t i = living.mixer->parameters().size(); i < op.inputs.size(); ++i) {
        const Tensor value = living.rows(op.inputs[i].values).value;
        leaves.push_back({value, Tensor::zeros(living.stream, value.shape(), DType::f64)});
    }
    MixerInput input{.sequence = tape.leaf(leaves.front()), .causal = living.pattern.causal};
    if (living.pattern.is_cross) input.context = tape.leaf(leaves.back());
    const Var output = living.mixer->mix(context, input);
    const Tensor gradient = living.rows(weights).value;
    tape.backward(living.stream, {&output, 1}, {&gradient, 1});
    Arrays found;
    for (const auto& [name, parameter] : living.mixer->parameters()) {
        if (parameter->trainable) found.push_back(values_of(parameter->gradient));
    }
    for (const Parameter& leaf : leaves) found.push_back(values_of(leaf.gradient));
    EXPECT_EQ(compare_with_differences(op, found, 4), "");
}

std::string case_name_of(const testing::TestParamInfo<PatternCase>& info) {
    return info.param.mixer + "_" + std::string(info.param.pattern.name());
}
INSTANTIATE_TEST_SUITE_P(baselines, MixerPatterns, testing::ValuesIn(cases(true)), case_name_of);

class UndeclaredPatterns : public testing::TestWithParam<PatternCase> {};

TEST_P(UndeclaredPatterns, are_refused_with_the_reason) {
    LivingMixer living(GetParam());
    const MixerPattern& pattern = GetParam().pattern;
    try {
        living.run(living.input(sequence_values(), source_values()));
        FAIL() << "there was no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        const std::string reason(pattern.reason(living.mixer->traits()));
        EXPECT_FALSE(reason.empty());
        EXPECT_NE(error.message().find(std::string(pattern.words()) + ": " + reason),
                  std::string::npos)
            << error.message();
    }
}

INSTANTIATE_TEST_SUITE_P(baselines, UndeclaredPatterns, testing::ValuesIn(cases(false)),
                         case_name_of);

}  // namespace
}  // namespace elm::test::mixing

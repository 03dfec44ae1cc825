// Properties of every registered sequence model.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "kernels/modules/checkpoint.h"
#include "tests/baselines/cases/model_case.h"
#include "tests/support/devices.h"
#include "tests/support/gradient_check.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

using test::Arrays;
using test::case_dense;
using test::case_shape;
using test::case_spikes;
using test::LivingModel;
using test::ModelCase;

constexpr std::int64_t longest_sum = 1024;  // more than any sum of a case

class AllModels : public testing::TestWithParam<ModelCase> {};

std::vector<double> output_weights(std::size_t count) {
    return test::random_values(static_cast<std::int64_t>(count), -1, 1, {13});
}

TEST(ModelRegistry, every_entry_has_a_case) {
    std::set<std::string> tested, known;
    for (const ModelCase& model : test::model_cases()) tested.insert(model.model);
    for (const ModelEntry& entry : all_models()) known.insert(entry.name);
    EXPECT_EQ(tested, known);
}

TEST_P(AllModels, has_the_counted_parameters) {
    LivingModel living(GetParam(), DType::f64);
    EXPECT_EQ(trainable_count(*living.model), GetParam().parameters);
}

TEST_P(AllModels, answers_in_each_step) {
    LivingModel living(GetParam(), DType::f32);
    Context context{living.stream};
    const SpikeTrain spikes = case_spikes();
    const Var output = living.model->forward(context, {.spikes = &spikes});
    EXPECT_EQ(output.value.shape(), Shape({3, 11, case_shape.n_output}));
    EXPECT_EQ(living.model->forward(context, {.dense = case_dense(living.stream, DType::f32)})
                  .value.shape(),
              output.value.shape());
    const auto values = test::values_of(output.value);
    EXPECT_NE(*std::min_element(values.begin(), values.end()),
              *std::max_element(values.begin(), values.end()));
}

TEST_P(AllModels, takes_samples_and_steps_of_any_number) {
    LivingModel living(GetParam(), DType::f32);
    Context context{living.stream};
    const SpikeTrain none = test::random_spikes(0, 4, case_shape.n_input, 0.5, 1);
    EXPECT_EQ(living.model->forward(context, {.spikes = &none}).value.shape(), Shape({0, 4, 2}));
    const SpikeTrain one = test::random_spikes(1, 1, case_shape.n_input, 0.5, 1);
    EXPECT_EQ(living.model->forward(context, {.spikes = &one}).value.shape(), Shape({1, 1, 2}));
}

TEST_P(AllModels, spikes_where_its_case_says_so) {
    if (!GetParam().spikes) GTEST_SKIP() << "it has no spikes";
    LivingModel living(GetParam(), DType::f64);
    const SpikeTrain spikes = case_spikes();
    const Arrays gradients = living.gradients({.spikes = &spikes}, std::vector<double>(66, 1.0));
    const auto parameters = living.model->parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (parameters[i].name != "readout.weight") continue;
        // Where the readout sees voltages, spikes and distances, the middle third counts spikes.
        const auto seen = static_cast<std::size_t>(parameters[i].parameter->shape[1]);
        const bool alone = GetParam().reads_spikes_alone;
        const std::size_t first = alone ? 0 : seen / 3, count = alone ? seen : seen / 3;
        // Units that inhibit each other spike less than neurons by themselves.
        const double least = alone ? 1 : 3;
        for (std::size_t n = first; n < first + count; ++n) EXPECT_GT(gradients[i][n], least);
    }
}

TEST_P(AllModels, takes_spikes_as_their_counts) {
    LivingModel living(GetParam(), DType::f64);
    const SpikeTrain spikes = case_spikes();
    EXPECT_CLOSE(living.run({.spikes = &spikes}),
                 living.run({.dense = {to_dense(living.stream, spikes, DType::f64)}}),
                 {.terms = longest_sum});
}

TEST_P(AllModels, sends_a_gradient_to_every_trainable_parameter_and_to_no_other) {
    LivingModel living(GetParam(), DType::f64);
    const SpikeTrain spikes = case_spikes();
    const auto weights = output_weights(living.run({.spikes = &spikes}).size());
    const Arrays gradients = living.gradients({.spikes = &spikes}, weights);
    const auto parameters = living.model->parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const bool any = std::any_of(gradients[i].begin(), gradients[i].end(),
                                     [](double value) { return value != 0; });
        EXPECT_EQ(any, parameters[i].parameter->trainable) << parameters[i].name;
    }
}

/// The model as an op whose inputs are its parameters.
test::OpCase as_op(LivingModel& living, const SequenceInput& input, bool training) {
    test::OpCase op;
    op.name = "model";
    op.longest_sum = longest_sum;
    const auto parameters = living.model->parameters();
    for (const auto& [name, parameter] : parameters) {
        op.inputs.push_back({.name = name,
                             .shape = parameter->shape,
                             .differentiable = parameter->trainable,
                             .values = test::values_of(parameter->value)});
    }
    op.run = [&living, parameters, input, training](Context& context, std::span<const Var> inputs) {
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            parameters[i].parameter->value = inputs[i].value;
        }
        Context plain{.stream = context.stream, .training = training};
        return std::vector<Var>{living.model->forward(plain, input)};
    };
    return op;
}

TEST_P(AllModels, gradient_agrees_with_differences) {
    const SpikeTrain spikes = case_spikes();
    for (const bool training : {false, true}) {
        for (const bool sparse : {true, false}) {
            LivingModel living(GetParam(), DType::f64);
            // Far below the threshold there are no spikes, and the gradient is exact.
            if (GetParam().spikes) {
                living.fill("threshold", 50);
                living.fill("synapses.bias", 0);
            }
            SequenceInput input;
            if (sparse) {
                input.spikes = &spikes;
            } else {
                input.dense = case_dense(living.stream, DType::f64);
            }
            test::OpCase op = as_op(living, input, training);
            op.condition *= GetParam().curvature;
            const Arrays outputs = test::evaluate(op, test::inputs_of(op));
            const Arrays gradients =
                living.gradients(input, test::output_gradients_of(outputs).front(), training);
            Arrays wanted;
            for (std::size_t i = 0; i < gradients.size(); ++i) {
                if (op.inputs[i].differentiable) wanted.push_back(gradients[i]);
            }
            EXPECT_EQ(test::compare_with_differences(op, wanted, 6), "")
                << (training ? "training, " : "") << (sparse ? "spikes" : "dense");
        }
    }
}

#define ELM_SKIP_UNLESS_IT_STREAMS(living) \
    if (!(living).model->traits().streams) GTEST_SKIP() << "it reads whole sequences"

TEST_P(AllModels, runs_over_pieces_as_over_the_whole) {
    LivingModel living(GetParam(), DType::f64);
    ELM_SKIP_UNLESS_IT_STREAMS(living);
    const SpikeTrain spikes = case_spikes();
    const auto whole = living.run({.spikes = &spikes});
    for (const std::vector<std::int64_t>& pieces :
         {std::vector<std::int64_t>{4, 7}, {1, 1, 1, 8}, {10, 1}}) {
        SequenceState state;
        std::vector<double> joined(whole.size());
        std::int64_t begin = 0;
        for (const std::int64_t count : pieces) {
            const SpikeTrain piece = slice_steps(spikes, begin, count);
            const auto values = living.run({.spikes = &piece}, &state);
            for (std::int64_t sample = 0; sample < 3; ++sample) {
                std::copy_n(values.begin() + sample * count * 2, count * 2,
                            joined.begin() + (sample * 11 + begin) * 2);
            }
            begin += count;
        }
        EXPECT_CLOSE(joined, whole, {.terms = longest_sum});
    }
}

TEST_P(AllModels, goes_on_from_dense_pieces_too) {
    LivingModel living(GetParam(), DType::f64);
    ELM_SKIP_UNLESS_IT_STREAMS(living);
    const SpikeTrain spikes = case_spikes();
    const SpikeTrain first = slice_steps(spikes, 0, 4), second = slice_steps(spikes, 4, 7);
    SequenceState sparse_state, dense_state;
    living.run({.spikes = &first}, &sparse_state);
    living.run({.dense = {to_dense(living.stream, first, DType::f64)}}, &dense_state);
    EXPECT_CLOSE(living.run({.dense = {to_dense(living.stream, second, DType::f64)}}, &dense_state),
                 living.run({.spikes = &second}, &sparse_state), {.terms = longest_sum});
}

TEST_P(AllModels, does_not_look_ahead) {
    LivingModel living(GetParam(), DType::f64);
    if (!living.model->traits().causal) GTEST_SKIP() << "it reads in both directions";
    const SpikeTrain spikes = test::random_spikes(1, 11, case_shape.n_input, 0.3, 5);
    const auto whole = living.run({.spikes = &spikes});
    const SpikeTrain start = slice_steps(spikes, 0, 6);
    const auto cut = living.run({.spikes = &start});
    EXPECT_CLOSE(cut, std::vector<double>(whole.begin(), whole.begin() + 12),
                 {.terms = longest_sum});
}

/// One that is not causal does: a change in the last step changes the first answer.
TEST_P(AllModels, looks_ahead_where_it_is_not_causal) {
    LivingModel living(GetParam(), DType::f64);
    if (living.model->traits().causal) GTEST_SKIP() << "it is causal";
    std::vector<double> values = test::random_values(11 * case_shape.n_input, -1, 1, {11});
    const auto run = [&] {
        const Shape shape{1, 11, case_shape.n_input};
        return living.run({.dense = {test::tensor_of(living.stream, shape, DType::f64, values)}});
    };
    const auto before = run();
    values.back() += 1;
    EXPECT_NE(run().front(), before.front());
}

/// What stands beyond the length of a sample changes nothing before it.
TEST_P(AllModels, does_not_see_padding) {
    LivingModel living(GetParam(), DType::f64);
    std::vector<double> values = test::random_values(3 * 11 * case_shape.n_input, -1, 1, {11});
    const std::vector<std::int32_t> lengths{11, 4, 7};
    Stream host{Device{}};
    const Tensor counts = Tensor::from<std::int32_t>(host, {3}, lengths);
    const auto run = [&] {
        const Shape shape{3, 11, case_shape.n_input};
        return living.run({.dense = {test::tensor_of(living.stream, shape, DType::f64, values)},
                           .lengths = counts});
    };
    const auto before = run();
    const std::int64_t sample = 11 * case_shape.n_input;
    for (std::int64_t i = sample + 4 * case_shape.n_input; i < 2 * sample; ++i) {
        values[static_cast<std::size_t>(i)] += 3;
    }
    const auto after = run();
    const auto part = [](const std::vector<double>& all, std::int64_t begin, std::int64_t end) {
        return std::vector<double>(all.begin() + begin * 2, all.begin() + end * 2);
    };
    // Not to the bit: a transform over all steps rounds each by the size of all.
    EXPECT_CLOSE(part(after, 0, 15), part(before, 0, 15), {.terms = longest_sum});
    EXPECT_CLOSE(part(after, 22, 29), part(before, 22, 29), {.terms = longest_sum});
}

double largest_of(SequenceModel& model, const Arrays& gradients, const std::string& wanted) {
    double largest = 0;
    const auto parameters = model.parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (parameters[i].name != wanted) continue;
        for (const double value : gradients[i]) largest = std::max(largest, std::abs(value));
    }
    return largest;
}

/// Gradients of scores are p (g v - the mean of g v): where values are alike, as in slots that are
/// means of the same steps, terms of the size of the value's gradient leave little but their
/// rounding. That rounding, once, as part of the condition; 0 for parameters behind no scores.
double rounding_of_scores(SequenceModel& model, const Arrays& gradients, const std::string& name) {
    // Mega makes queries and keys of one row, by a gain and an offset of each.
    for (const std::string_view part :
         {"query.weight", "query.bias", "key.weight", "key.bias", "gain", "offset"}) {
        if (!name.ends_with(part)) continue;
        const std::string value = name.substr(0, name.size() - part.size()) + "value.weight";
        const double own = largest_of(model, gradients, name);
        return own == 0 ? 0
                        : largest_of(model, gradients, value) / own /
                              std::sqrt(static_cast<double>(longest_sum));
    }
    return 0;
}

TEST_P(AllModels, float32_agrees_with_float64) {
    LivingModel single(GetParam(), DType::f32), full(GetParam(), DType::f64);
    const SpikeTrain spikes = case_spikes();
    const auto expected = full.run({.spikes = &spikes});
    EXPECT_EQ(test::difference(single.run({.spikes = &spikes}), expected, DType::f32,
                               {.terms = longest_sum}),
              "");
    const auto weights = output_weights(expected.size());
    const Arrays found = single.gradients({.spikes = &spikes}, weights);
    const Arrays reference = full.gradients({.spikes = &spikes}, weights);
    for (std::size_t i = 0; i < found.size(); ++i) {
        const std::string name = full.model->parameters()[i].name;
        const double condition = 8 + rounding_of_scores(*full.model, reference, name);
        EXPECT_EQ(test::difference(found[i], reference[i], DType::f32,
                                   {.condition = condition, .terms = longest_sum}),
                  "")
            << name;
    }
}

/// A bias's gradient is the sum of what a weight's gradient is the sum of, times inputs of about 1:
/// where it is the smaller of the two, its terms cancel. 1 or more.
double cancellation(SequenceModel& model, const Arrays& gradients, const std::string& name) {
    constexpr std::string_view bias = "bias";
    const double own = largest_of(model, gradients, name);
    if (!name.ends_with(bias) || own == 0) return 1;
    const std::string weight = name.substr(0, name.size() - bias.size()) + "weight";
    return std::max(1.0, largest_of(model, gradients, weight) / own);
}

TEST_P(AllModels, cuda_agrees_with_the_cpu) {
    ELM_SKIP_WITHOUT_CUDA();
    const SpikeTrain spikes = case_spikes();
    LivingModel host(GetParam(), DType::f64);
    const auto expected = host.run({.spikes = &spikes});
    const auto weights = output_weights(expected.size());
    const Arrays reference = host.gradients({.spikes = &spikes}, weights);
    for (const Device device : test::cuda_devices()) {
        for (const DType dtype : {DType::f32, DType::f64}) {
            LivingModel living(GetParam(), dtype, device);
            EXPECT_EQ(test::difference(living.run({.spikes = &spikes}), expected, dtype,
                                       {.terms = longest_sum}),
                      "");
            const Arrays found = living.gradients({.spikes = &spikes}, weights);
            for (std::size_t i = 0; i < found.size(); ++i) {
                const std::string name = living.model->parameters()[i].name;
                const double condition = 8 * cancellation(*living.model, reference, name) +
                                         rounding_of_scores(*living.model, reference, name);
                EXPECT_EQ(test::difference(found[i], reference[i], dtype,
                                           {.condition = condition, .terms = longest_sum}),
                          "")
                    << name;
            }
        }
    }
}

TEST_P(AllModels, gives_the_same_bits_for_any_number_of_threads) {
    const int before = thread_count();
    const SpikeTrain spikes = case_spikes();
    std::vector<double> output;
    Arrays gradients;
    for (const int threads : {1, 2, 4}) {
        set_thread_count(threads);
        LivingModel living(GetParam(), DType::f32);
        const auto found = living.run({.spikes = &spikes});
        const Arrays found_gradients =
            living.gradients({.spikes = &spikes}, output_weights(found.size()), true);
        if (threads == 1) {
            output = found;
            gradients = found_gradients;
        }
        EXPECT_EQ(found, output) << threads;
        EXPECT_EQ(found_gradients, gradients) << threads;
    }
    set_thread_count(before);
}

TEST_P(AllModels, goes_on_from_a_checkpoint) {
    const test::TemporaryDirectory folder;
    LivingModel saved(GetParam(), DType::f32), loaded(GetParam(), DType::f32);
    const SpikeTrain spikes = case_spikes();
    // A step of training, which running statistics remember.
    saved.run({.spikes = &spikes}, nullptr, true);
    loaded.flat.values.clear(loaded.stream);
    write_checkpoint(folder / "run.h5", *saved.model, saved.flat, nullptr, {});
    read_checkpoint(loaded.stream, folder / "run.h5", *loaded.model, loaded.flat, nullptr);
    EXPECT_EQ(loaded.run({.spikes = &spikes}), saved.run({.spikes = &spikes}));
}

TEST_P(AllModels, refuses_input_and_states_that_do_not_fit) {
    LivingModel living(GetParam(), DType::f32);
    const SpikeTrain spikes = case_spikes();
    const SpikeTrain wide = test::random_spikes(3, 11, case_shape.n_input + 1, 0.3, 5);
    const auto expect_error = [&](const SequenceInput& input, SequenceState* state,
                                  const std::string& part) {
        try {
            living.run(input, state);
            FAIL() << "expected: " << part;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
        }
    };
    expect_error({.spikes = &wide}, nullptr, "7 channels, expected 6");
    expect_error({}, nullptr, "either spikes or dense");
    expect_error({.spikes = &spikes, .dense = case_dense(living.stream, DType::f32)}, nullptr,
                 "either spikes or dense");
    SequenceState state;
    if (!living.model->traits().streams) {
        expect_error({.spikes = &spikes}, &state, "reads whole sequences");
        return;
    }
    living.run({.spikes = &spikes}, &state);
    const SpikeTrain single = test::random_spikes(1, 11, case_shape.n_input, 0.3, 5);
    expect_error({.spikes = &single}, &state, "a state of 3 samples");
    state.tensors.resize(state.tensors.size() + 1, Tensor::zeros(living.stream, {3}, DType::f32));
    expect_error({.spikes = &spikes}, &state, "tensors");
}

INSTANTIATE_TEST_SUITE_P(baselines, AllModels, testing::ValuesIn(test::model_cases()),
                         [](const auto& model) { return model.param.name; });

}  // namespace
}  // namespace elm

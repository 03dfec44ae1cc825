// Front ends before any model: what the model gets, and what a file keeps of them.

#include "baselines/front_end.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "baselines/model_file.h"
#include "kernels/core/support/error.h"
#include "kernels/ops/basic/elementwise.h"
#include "tests/baselines/cases/model_case.h"
#include "tests/support/devices.h"
#include "tests/support/gradient_check.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

constexpr std::int64_t tokens = 6, width = 4, outputs = 2;

/// A token a step, in samples of 5, 3 and 1 of 5 steps.
SpikeTrain token_spikes() {
    const std::vector<std::vector<std::int32_t>> samples{{0, 5, 2, 2, 3}, {1, 0, 4}, {5}};
    std::vector<SpikeTrain> parts;
    for (const auto& sample : samples) {
        std::vector<SpikeEvent> events;
        for (std::size_t t = 0; t < sample.size(); ++t) {
            events.push_back({static_cast<std::int64_t>(t), sample[t]});
        }
        parts.push_back(make_spike_train(events, 5, tokens));
    }
    return stack_samples(parts);
}

Tensor lengths() {
    Stream host{Device{}};
    return Tensor::from<std::int32_t>(host, {3}, std::vector<std::int32_t>{5, 3, 1});
}

/// Small options for every registered model.
Values small_options(const std::string& model) {
    for (const test::ModelCase& one : test::model_cases()) {
        if (one.model == model) return to_values(test::options_of(one));
    }
    return {};
}

FittedModel model_with(const std::string& model, const Values& front_end, Stream& stream,
                       DType dtype = DType::f64) {
    FittedModel fitted = make_model({.model = model,
                                     .options = small_options(model),
                                     .shape = {tokens, outputs},
                                     .front_end = front_end},
                                    7);
    allocate(stream, fitted, dtype, {7});
    return fitted;
}

Values embedding_of(std::int64_t columns = width) {
    return {{"kind", std::string("embedding")}, {"width", columns}};
}

std::vector<double> outputs_of(Stream& stream, const FittedModel& fitted,
                               const SequenceInput& input) {
    Context context{.stream = stream};
    return test::values_of(fitted.model->forward(context, input).value);
}

const ModuleParameter& parameter_of(const FittedModel& fitted, const std::string& wanted) {
    for (const auto& [name, parameter] : fitted.model->parameters()) {
        if (name == wanted) return *parameter;
    }
    throw std::logic_error(wanted);
}

/// Without the names' prefix, as the model alone has them.
void copy_inner(Stream& stream, const FittedModel& from, const FittedModel& to) {
    for (const auto& [name, parameter] : to.model->parameters()) {
        visit_real(parameter->value.dtype(), [&, &name = name,
                                              &value = parameter->value]<class Real>(Real) {
            value.assign<Real>(stream, parameter_of(from, "model." + name).value.host<Real>());
        });
    }
}

class FrontEnds : public testing::TestWithParam<std::string> {
protected:
    Stream stream_{Device{}};
    test::TemporaryDirectory folder_;
};

TEST_P(FrontEnds, give_the_model_the_rows_of_the_table) {
    const FittedModel fitted = model_with(GetParam(), embedding_of(), stream_);
    FittedModel alone = make_model(
        {.model = GetParam(), .options = small_options(GetParam()), .shape = {width, outputs}}, 7);
    allocate(stream_, alone, DType::f64, {1});
    copy_inner(stream_, fitted, alone);
    const SpikeTrain spikes = token_spikes();
    const auto table = parameter_of(fitted, "front_end.weight").value.host<double>();
    std::vector<double> rows(3 * 5 * width);
    for (std::int64_t sample = 0; sample < 3; ++sample) {
        for (std::int64_t step = 0; step < 5; ++step) {
            for (const std::int32_t token : spikes.row(sample, step)) {
                std::copy_n(table.begin() + token * width, width,
                            rows.begin() + (sample * 5 + step) * width);
            }
        }
    }
    const Var dense{test::tensor_of(stream_, {3, 5, width}, DType::f64, rows)};
    EXPECT_EQ(outputs_of(stream_, fitted, {.spikes = &spikes}),
              outputs_of(stream_, alone, {.dense = dense}));
    EXPECT_EQ(trainable_count(*fitted.model), trainable_count(*alone.model) + tokens * width);
    EXPECT_FALSE(fitted.model->traits().inputs.dense);
}

TEST_P(FrontEnds, are_in_the_file_of_the_model) {
    for (const Values& front_end :
         {embedding_of(), Values{{"kind", std::string("linear")}, {"width", std::int64_t{3}}},
          Values{{"kind", std::string("embedding")},
                 {"width", std::int64_t{5}},
                 {"class_token", true},
                 {"input_dropout", 0.25}}}) {
        const FittedModel saved = model_with(GetParam(), front_end, stream_);
        save_model(saved, folder_ / "m.h5", true);
        save_safetensors(saved, folder_ / "m.safetensors", true);
        const SpikeTrain spikes = token_spikes();
        const SequenceInput input{.spikes = &spikes, .lengths = lengths()};
        for (const char* const name : {"m.h5", "m.safetensors"}) {
            const FittedModel loaded = load_model(stream_, folder_ / name, DType::f64);
            EXPECT_EQ(loaded.spec.front_end, saved.spec.front_end);
            EXPECT_EQ(loaded.spec.options, saved.spec.options);
            EXPECT_EQ(outputs_of(stream_, loaded, input), outputs_of(stream_, saved, input));
        }
    }
}

/// Only dropout: the model is the one without.
TEST_P(FrontEnds, dropout_alone_changes_no_output_and_no_parameter) {
    const FittedModel plain = model_with(GetParam(), {}, stream_);
    const FittedModel drops = model_with(GetParam(), {{"input_dropout", 0.5}}, stream_);
    const SpikeTrain spikes = token_spikes();
    EXPECT_EQ(outputs_of(stream_, drops, {.spikes = &spikes}),
              outputs_of(stream_, plain, {.spikes = &spikes}));
    save_model(drops, folder_ / "m.h5", true);
    const FittedModel loaded = load_model(stream_, folder_ / "m.h5", DType::f64);
    EXPECT_EQ(loaded.model->input_dropout(), 0.5);
    EXPECT_EQ(plain.model->parameters().size(), loaded.model->parameters().size());

    Context context{.stream = stream_, .random = {5}, .training = true};
    const Var trained = drops.model->forward(context, {.spikes = &spikes});
    const Var dense = drop_values(context, input_dropout_of(*drops.model, {5}, 0),
                                  {to_dense(stream_, spikes, DType::f64)});
    // Batch norms are at work, too, and what models draw is the same.
    Context training{.stream = stream_, .random = {5}, .training = true};
    EXPECT_EQ(test::values_of(trained.value),
              test::values_of(plain.model->forward(training, {.dense = dense}).value));
}

TEST_P(FrontEnds, go_on_from_chunk_to_chunk) {
    const FittedModel fitted = model_with(GetParam(), embedding_of(), stream_);
    if (!fitted.model->traits().streams) GTEST_SKIP() << "it reads whole sequences";
    const SpikeTrain spikes = token_spikes();
    const SpikeTrain first = slice_steps(spikes, 0, 2), second = slice_steps(spikes, 2, 3);
    const auto whole = outputs_of(stream_, fitted, {.spikes = &spikes});
    const auto runner = fitted.model->runner(stream_);
    runner->start(stream_, 3);
    std::vector<double> joined(whole.size());
    for (const auto& [piece, begin] : {std::pair(&first, 0), {&second, 2}}) {
        const auto values = test::values_of(runner->advance(stream_, *piece).output);
        const std::int64_t count = piece->n_steps;
        for (std::int64_t sample = 0; sample < 3; ++sample) {
            std::copy_n(values.begin() + sample * count * outputs, count * outputs,
                        joined.begin() + (sample * 5 + begin) * outputs);
        }
    }
    EXPECT_CLOSE(joined, whole, {.terms = 1024});
}

std::vector<std::string> models() {
    std::vector<std::string> names;
    for (const ModelEntry& entry : all_models()) names.push_back(entry.name);
    return names;
}
INSTANTIATE_TEST_SUITE_P(baselines, FrontEnds, testing::ValuesIn(models()),
                         [](const auto& name) { return name.param; });

/// The answer at the last true step is that of the token, whatever the padding.
TEST(ClassToken, is_read_after_the_last_step_of_each_sample) {
    Stream stream{Device{}};
    Values front_end = embedding_of();
    front_end["class_token"] = true;
    const FittedModel fitted = model_with("lstm", front_end, stream);
    EXPECT_FALSE(fitted.model->traits().streams);
    FittedModel alone = make_model(
        {.model = "lstm", .options = small_options("lstm"), .shape = {width, outputs}}, 7);
    allocate(stream, alone, DType::f64, {1});
    copy_inner(stream, fitted, alone);
    const auto table = parameter_of(fitted, "front_end.weight").value.host<double>();
    const auto token = parameter_of(fitted, "class_token").value.host<double>();
    const SpikeTrain spikes = token_spikes();
    const auto answers = outputs_of(stream, fitted, {.spikes = &spikes, .lengths = lengths()});
    for (std::int64_t sample = 0; sample < 3; ++sample) {
        std::vector<double> rows;
        std::int64_t length = 0;
        while (length < 5 && !spikes.row(sample, length).empty()) {
            const auto row = table.begin() + spikes.row(sample, length).front() * width;
            rows.insert(rows.end(), row, row + width);
            ++length;
        }
        rows.insert(rows.end(), token.begin(), token.end());
        const auto expected = outputs_of(
            stream, alone,
            {.dense = {test::tensor_of(stream, {1, length + 1, width}, DType::f64, rows)}});
        const auto at = answers.begin() + (sample * 5 + length - 1) * outputs;
        EXPECT_CLOSE(std::vector<double>(at, at + outputs),
                     std::vector<double>(expected.end() - outputs, expected.end()), {.terms = 64});
    }
}

/// A front end and the LSTM behind it, as an op of their parameters.
void expect_gradients(const Values& front_end, bool training) {
    Stream stream{Device{}};
    const FittedModel fitted = model_with("lstm", front_end, stream);
    const SpikeTrain spikes = token_spikes();
    const SequenceInput input{.spikes = &spikes, .lengths = lengths()};
    const auto parameters = fitted.model->parameters();
    test::OpCase op;
    op.name = "front_end";
    op.longest_sum = 256;
    for (const auto& [name, parameter] : parameters) {
        op.inputs.push_back(
            {.name = name, .shape = parameter->shape, .values = test::values_of(parameter->value)});
    }
    op.run = [&](Context& context, std::span<const Var> inputs) {
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            parameters[i].parameter->value = inputs[i].value;
        }
        Context plain{.stream = context.stream, .random = {9}, .training = training};
        return std::vector<Var>{fitted.model->forward(plain, input)};
    };
    Tape tape;
    Context context{.stream = stream, .tape = &tape, .random = {9}, .training = training};
    clear_gradients(stream, fitted.parameters);
    const Var output = fitted.model->forward(context, input);
    const auto weights = test::output_gradients_of({test::values_of(output.value)}).front();
    const Tensor gradient = test::tensor_of(stream, output.value.shape(), DType::f64, weights);
    tape.backward(stream, {&output, 1}, {&gradient, 1});
    test::Arrays gradients;
    for (const auto& [name, parameter] : parameters) {
        gradients.push_back(test::values_of(parameter->gradient));
        EXPECT_NE(gradients.back(), std::vector<double>(gradients.back().size())) << name;
    }
    EXPECT_EQ(test::compare_with_differences(op, gradients, 6), "");
}

TEST(FrontEndGradients, are_those_of_differences) {
    for (const bool training : {false, true}) {
        for (const char* const kind : {"embedding", "linear"}) {
            for (const bool class_token : {false, true}) {
                expect_gradients({{"kind", std::string(kind)},
                                  {"width", std::int64_t{3}},
                                  {"class_token", class_token},
                                  {"input_dropout", 0.3}},
                                 training);
            }
        }
    }
}

TEST(FrontEndErrors, say_what_is_wrong) {
    const auto expect_error = [](const Values& front_end, const std::string& part) {
        try {
            make_model({.model = "lstm", .shape = {tokens, outputs}, .front_end = front_end});
            ADD_FAILURE() << "expected: " << part;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
        }
    };
    expect_error({{"kind", std::string("embeding")}}, "Did you mean embedding?");
    expect_error({{"widht", std::int64_t{3}}}, "Did you mean width?");
    expect_error({{"width", std::int64_t{0}}}, "width");
    expect_error({{"width", std::int64_t{65537}}}, "width");
    expect_error({{"input_dropout", 1.0}}, "input_dropout");
    expect_error({{"class_token", true}}, "needs a front end");
    Stream stream{Device{}};
    const FittedModel fitted = model_with("lstm", embedding_of(), stream);
    Context context{.stream = stream};
    const Var dense{Tensor::zeros(stream, {1, 2, tokens}, DType::f64)};
    EXPECT_THROW(fitted.model->forward(context, {.dense = dense}), Error);
    Values class_token = embedding_of();
    class_token["class_token"] = true;
    const FittedModel whole = model_with("lstm", class_token, stream);
    const SpikeTrain spikes = token_spikes();
    SequenceState state;
    EXPECT_THROW(whole.model->forward(context, {.spikes = &spikes}, &state), Error);
    EXPECT_THROW(whole.model->drop_inputs(1), Error);
}

}  // namespace
}  // namespace elm

// Encoders before any model: the model gets the spikes that the encoder makes, and answers once a
// value.

#include "baselines/encoder_front_end.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "baselines/front_end.h"
#include "baselines/model_file.h"
#include "encoders/encoder_registry.h"
#include "tests/baselines/cases/model_case.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

constexpr std::int64_t batch = 2, steps = 5, features = 3, outputs = 2;

Values behind(const std::string& encoder, const std::string& options = {}, double value_ms = 1) {
    return {{"kind", std::string("encoder")},
            {"encoder", encoder},
            {"encoder_options", options},
            {"value_ms", value_ms}};
}

FittedModel model_of(Stream& stream, const std::string& model, std::int64_t n_input,
                     const Values& front_end = {}, DType dtype = DType::f64) {
    // Of the first case: others of a model may have room for fewer steps than encoders make here.
    Values options;
    for (const test::ModelCase& one : test::model_cases()) {
        if (one.model != model) continue;
        options = to_values(test::options_of(one));
        break;
    }
    FittedModel fitted = make_model(
        {.model = model, .options = options, .shape = {n_input, outputs}, .front_end = front_end},
        7);
    allocate(stream, fitted, dtype, {7});
    return fitted;
}

/// Values of 0.05 to 0.95, in both samples others.
std::vector<double> values() {
    std::vector<double> all;
    for (int k = 0; k < batch * steps * features; ++k) {
        all.push_back(0.05 + 0.9 * (0.5 + 0.5 * std::sin(1.7 * k)));
    }
    return all;
}

Var input_of_values(Stream& stream, DType dtype = DType::f64) {
    return {test::tensor_of(stream, {batch, steps, features}, dtype, values())};
}

std::vector<double> run(Stream& stream, const FittedModel& fitted, const SequenceInput& input,
                        bool training = false, std::uint64_t seed = 1) {
    Context context{.stream = stream, .random = {seed}, .training = training};
    return test::values_of(fitted.model->forward(context, input).value);
}

/// The spikes that the encoder makes of values().
SpikeTrain encoded(const std::string& name, const std::string& option, const std::string& value,
                   double value_ms) {
    const EncoderEntry& entry = find_encoder(name);
    OptionSet options = entry.options;
    options.set(option, value);
    const std::vector<double> all = values();
    std::vector<SpikeTrain> trains;
    for (std::int64_t sample = 0; sample < batch; ++sample) {
        const auto size = steps * features;
        Signal signal{.n_steps = steps, .n_channels = features, .step_ms = value_ms};
        signal.values.assign(all.begin() + sample * size, all.begin() + (sample + 1) * size);
        trains.push_back(encode(entry, options, signal, {}).train());
    }
    return stack_samples(trains);
}

void copy_parameters(Stream& stream, const FittedModel& from, const FittedModel& to) {
    const auto ours = from.model->parameters(), theirs = to.model->parameters();
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t k = 0; k < ours.size(); ++k) {
        ASSERT_EQ(ours[k].name, "model." + theirs[k].name);
        theirs[k].parameter->value.assign<double>(stream, ours[k].parameter->value.host<double>());
    }
}

class EncoderFrontEnds : public testing::TestWithParam<std::string> {
protected:
    Stream stream_{Device{}};
};

TEST_P(EncoderFrontEnds, give_the_model_the_spikes_of_the_encoder) {
    const FittedModel fitted =
        model_of(stream_, GetParam(), features, behind("level-crossing", "threshold=0.25"));
    const SpikeTrain spikes = encoded("level-crossing", "threshold", "0.25", 1);
    ASSERT_EQ(spikes.n_steps, steps);
    const FittedModel alone = model_of(stream_, GetParam(), spikes.n_units);
    copy_parameters(stream_, fitted, alone);
    EXPECT_EQ(run(stream_, fitted, {.dense = input_of_values(stream_)}),
              run(stream_, alone, {.spikes = &spikes}));
}

TEST_P(EncoderFrontEnds, answer_at_the_last_step_of_a_value) {
    constexpr std::int64_t each = 4;
    const FittedModel fitted =
        model_of(stream_, GetParam(), features, behind("latency", "step_ms=0.5", 2));
    const SpikeTrain spikes = encoded("latency", "step_ms", "0.5", 2);
    ASSERT_EQ(spikes.n_steps, each * steps);
    const FittedModel alone = model_of(stream_, GetParam(), spikes.n_units);
    copy_parameters(stream_, fitted, alone);
    const std::vector<double> all = run(stream_, alone, {.spikes = &spikes});
    std::vector<double> expected;
    for (std::int64_t value = 0; value < batch * steps; ++value) {
        const auto first = all.begin() + (value * each + each - 1) * outputs;
        expected.insert(expected.end(), first, first + outputs);
    }
    EXPECT_EQ(run(stream_, fitted, {.dense = input_of_values(stream_)}), expected);
}

TEST_P(EncoderFrontEnds, are_in_the_file_of_the_model) {
    const test::TemporaryDirectory folder;
    const FittedModel saved =
        model_of(stream_, GetParam(), features, behind("population", "units=4"));
    save_model(saved, folder / "m.h5", true);
    const FittedModel loaded = load_model(stream_, folder / "m.h5", DType::f64);
    EXPECT_EQ(loaded.spec.front_end, saved.spec.front_end);
    const SequenceInput input{.dense = input_of_values(stream_)};
    EXPECT_EQ(run(stream_, loaded, input), run(stream_, saved, input));
}

std::vector<std::string> models() {
    std::vector<std::string> names;
    for (const ModelEntry& entry : all_models()) names.push_back(entry.name);
    return names;
}

INSTANTIATE_TEST_SUITE_P(baselines, EncoderFrontEnds, testing::ValuesIn(models()),
                         [](const auto& tested) { return tested.param; });

TEST(EncoderFrontEnd, may_be_any_encoder_of_values) {
    Stream stream{Device{}};
    for (const EncoderEntry& entry : all_encoders()) {
        if (entry.reads != SignalKind::values && entry.reads != SignalKind::bytes) continue;
        const FittedModel fitted = model_of(stream, "lstm", features, behind(entry.name, "", 64));
        const auto answers = run(stream, fitted, {.dense = input_of_values(stream)});
        EXPECT_EQ(std::ssize(answers), batch * steps * outputs) << entry.name;
        EXPECT_TRUE(std::all_of(answers.begin(), answers.end(),
                                [](double value) { return std::isfinite(value); }));
    }
}

/// An encoder that looks ahead says so, and no other: values after a step change what comes before
/// them, or nothing.
TEST(EncoderFrontEnd, makes_a_model_causal_where_it_does_not_look_ahead) {
    Stream stream{Device{}};
    int looking = 0;
    for (const EncoderEntry& entry : all_encoders()) {
        if (entry.reads != SignalKind::values && entry.reads != SignalKind::bytes) continue;
        const FittedModel fitted = model_of(stream, "lstm", features, behind(entry.name, "", 64));
        std::vector<double> all = values();
        bool changed = false;
        const auto before = run(stream, fitted, {.dense = input_of_values(stream)});
        for (const double later : {0.0, 1.0}) {
            for (int k = 0; k < batch * steps * features; ++k) {
                if (k / features % steps == steps - 1) all[static_cast<std::size_t>(k)] = later;
            }
            const Var dense{test::tensor_of(stream, {batch, steps, features}, DType::f64, all)};
            const auto after = run(stream, fitted, {.dense = dense});
            for (std::size_t k = 0; k < after.size(); ++k) {
                const bool last = static_cast<std::int64_t>(k) / outputs % steps == steps - 1;
                changed = changed || (!last && after[k] != before[k]);
            }
        }
        EXPECT_EQ(fitted.model->traits().causal, !changed) << entry.name;
        looking += changed ? 1 : 0;
    }
    EXPECT_GT(looking, 0);  // threshold-bank
}

TEST(EncoderFrontEnd, is_not_causal_before_a_model_that_is_not) {
    Stream stream{Device{}};
    EXPECT_FALSE(model_of(stream, "linformer", features, behind("hold")).model->traits().causal);
}

/// A sample that is padded is answered as it is alone.
TEST(EncoderFrontEnd, does_not_see_padding) {
    Stream stream{Device{}};
    Stream host{Device{}};
    for (const EncoderEntry& entry : all_encoders()) {
        if (entry.reads != SignalKind::values && entry.reads != SignalKind::bytes) continue;
        const FittedModel fitted = model_of(stream, "lstm", features, behind(entry.name, "", 64));
        const auto padded = run(stream, fitted,
                                {.dense = input_of_values(stream),
                                 .lengths = Tensor::from<std::int32_t>(
                                     host, {batch}, std::vector<std::int32_t>{3, 0})});
        const std::vector<double> all = values();
        const Var alone{test::tensor_of(stream, {1, 3, features}, DType::f64,
                                        {all.begin(), all.begin() + 3 * features})};
        // Not to the bit: a product of more rows may add its terms in another order.
        EXPECT_CLOSE(std::vector<double>(padded.begin(), padded.begin() + 3 * outputs),
                     run(stream, fitted, {.dense = alone}), {.terms = 64})
            << entry.name;
    }
}

TEST(EncoderFrontEnd, draws_anew_in_training_alone) {
    Stream stream{Device{}};
    const FittedModel fitted = model_of(stream, "lstm", features, behind("poisson", "rate_hz=500"));
    const SequenceInput input{.dense = input_of_values(stream)};
    EXPECT_EQ(run(stream, fitted, input, false, 1), run(stream, fitted, input, false, 2));
    EXPECT_EQ(run(stream, fitted, input, true, 1), run(stream, fitted, input, true, 1));
    EXPECT_NE(run(stream, fitted, input, true, 1), run(stream, fitted, input, true, 2));
}

TEST(EncoderFrontEnd, maps_a_range_of_values) {
    Stream stream{Device{}};
    Values wide = behind("hold");
    wide["low"] = -1.0;
    wide["high"] = 3.0;
    const FittedModel mapped = model_of(stream, "lstm", features, wide);
    const FittedModel plain = model_of(stream, "lstm", features);
    copy_parameters(stream, mapped, plain);
    std::vector<double> by_hand = values();
    for (double& value : by_hand) value = static_cast<float>((float(value) + 1) * 0.25);
    const Var dense{test::tensor_of(stream, {batch, steps, features}, DType::f64, by_hand)};
    const auto expected = run(stream, plain, {.dense = dense});
    const auto found = run(stream, mapped, {.dense = input_of_values(stream)});
    for (std::size_t k = 0; k < expected.size(); ++k) {
        EXPECT_NEAR(found[k], expected[k], 1e-6);  // values travel as float32
    }
}

/// On a device the batch stays there, in float32: spikes come as counts then.
TEST(EncoderFrontEnd, has_the_answers_of_the_cpu_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    Stream host{Device{}};
    const auto answers = [&](Device device, const std::string& encoder, bool training) {
        Stream stream{device};
        const FittedModel fitted =
            model_of(stream, "lstm", features, behind(encoder, "", 64), DType::f32);
        const SequenceInput input{.dense = input_of_values(stream, DType::f32),
                                  .lengths = Tensor::from<std::int32_t>(
                                      host, {batch}, std::vector<std::int32_t>{steps, 3}),
                                  .first_sample = 2};
        std::vector<double> all = run(stream, fitted, input, training, 3);
        all.resize(static_cast<std::size_t>((steps + 3) * outputs));  // what is behind is padding
        return all;
    };
    for (const EncoderEntry& entry : all_encoders()) {
        if (entry.encode_batch == nullptr) continue;
        for (const bool training : {false, true}) {
            const auto expected = answers(Device{}, entry.name, training);
            for (const Device device : test::cuda_devices()) {
                // A sum over the units in each of 64 steps a value.
                const auto found = answers(device, entry.name, training);
                EXPECT_EQ(test::difference(found, expected, DType::f32,
                                           {.condition = 64, .terms = 64 * steps}),
                          "")
                    << entry.name;
            }
        }
    }
}

TEST(EncoderFrontEnd, names_a_value_that_is_no_number_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : test::cuda_devices()) {
        Stream stream{device};
        const FittedModel fitted = model_of(stream, "lstm", features, behind("delta"), DType::f32);
        std::vector<double> all = values();
        all[7] = std::nan("");
        const Var dense{test::tensor_of(stream, {batch, steps, features}, DType::f32, all)};
        EXPECT_EQ(test::message_of([&] { run(stream, fitted, {.dense = dense}); }),
                  "the value of step 2, channel 1 is nan: the encoder delta takes finite numbers");
    }
}

TEST(EncoderFrontEnd, says_what_cannot_be) {
    Stream stream{Device{}};
    const auto refusal = [&](const Values& front_end) {
        return test::message_of([&] { model_of(stream, "lstm", features, front_end); });
    };
    const auto expect_part = [](const std::string& message, const std::string& part) {
        EXPECT_NE(message.find(part), std::string::npos) << message;
    };
    expect_part(refusal(behind("latencies")), "latency");
    expect_part(refusal(behind("cochlea")), "the encoder cochlea takes a sound of one channel");
    expect_part(refusal(behind("poisson", "rate=5")), "the options of the encoder poisson");
    expect_part(refusal(behind("poisson", "rate_hz")), "expected NAME=VALUE");
    expect_part(refusal(behind("latency", "step_ms=0.7")), "no whole number of steps");
    Values flat = behind("hold");
    flat["high"] = 0.0;
    expect_part(refusal(flat), "high is 0 and low 0");
}

}  // namespace
}  // namespace elm

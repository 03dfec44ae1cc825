#include "baselines/pairs/two_towers.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "baselines/model_file.h"
#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tests/baselines/cases/model_case.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

constexpr std::int64_t inputs = 6, latent = 3, hidden = 5, classes = 2, steps = 7;

FittedModel towers(Stream& stream, const std::string& model, const std::string& pooling,
                   const Values& front_end = {}, DType dtype = DType::f64) {
    FittedModel fitted =
        make_model({.model = model,
                    .shape = {inputs, classes},
                    .front_end = front_end,
                    .towers = {{"latent", latent}, {"hidden", hidden}, {"pooling", pooling}}},
                   7);
    allocate(stream, fitted, dtype, {7});
    return fitted;
}

SpikeTrain pairs() { return test::random_spikes(6, steps, inputs, 0.3, 5); }

Tensor lengths() {
    Stream host{Device{}};
    return Tensor::from<std::int32_t>(host, {6}, std::vector<std::int32_t>{7, 2, 1, 7, 4, 4});
}

std::vector<double> values_of(const FittedModel& fitted, const std::string& wanted) {
    for (const auto& [name, parameter] : fitted.model->parameters()) {
        if (name == wanted) return test::values_of(parameter->value);
    }
    throw std::logic_error(wanted);
}

/// output[o] = bias[o] + sum over i of weight[o][i] input[i].
std::vector<double> affine(const std::vector<double>& weight, const std::vector<double>& bias,
                           const std::vector<double>& input) {
    std::vector<double> output = bias;
    for (std::size_t o = 0; o < bias.size(); ++o) {
        for (std::size_t i = 0; i < input.size(); ++i) {
            output[o] += weight[o * input.size() + i] * input[i];
        }
    }
    return output;
}

/// Loops over the outputs of the tower alone.
TEST(TwoTowers, compare_what_the_model_leaves_of_both_sequences) {
    Stream stream{Device{}};
    const SpikeTrain spikes = pairs();
    for (const char* const pooling : {"last", "mean"}) {
        const FittedModel fitted = towers(stream, "lstm", pooling);
        FittedModel tower = make_model({.model = "lstm", .shape = {inputs, latent}}, 7);
        allocate(stream, tower, DType::f64, {1});
        for (const auto& [name, parameter] : tower.model->parameters()) {
            parameter->value.assign<double>(stream, values_of(fitted, "model." + name));
        }
        Context context{.stream = stream};
        const Var answers =
            fitted.model->forward(context, {.spikes = &spikes, .lengths = lengths()});
        EXPECT_EQ(answers.value.shape(), Shape({3, 1, classes}));
        const auto outputs =
            test::values_of(tower.model->forward(context, {.spikes = &spikes}).value);
        std::vector<double> expected;
        for (std::int64_t pair = 0; pair < 3; ++pair) {
            std::vector<std::vector<double>> pooled;
            for (std::int64_t sequence = 2 * pair; sequence < 2 * pair + 2; ++sequence) {
                const std::int64_t length =
                    lengths().host<std::int32_t>()[static_cast<std::size_t>(sequence)];
                std::vector<double> sum(latent);
                const bool takes_mean = std::string(pooling) == "mean";
                const std::int64_t counted = takes_mean ? length : 1;
                for (std::int64_t step = length - counted; step < length; ++step) {
                    for (std::int64_t k = 0; k < latent; ++k) {
                        sum[static_cast<std::size_t>(k)] +=
                            outputs[static_cast<std::size_t>((sequence * steps + step) * latent +
                                                             k)] /
                            static_cast<double>(counted);
                    }
                }
                pooled.push_back(sum);
            }
            std::vector<double> seen = pooled[0];
            seen.insert(seen.end(), pooled[1].begin(), pooled[1].end());
            for (std::size_t k = 0; k < latent; ++k) seen.push_back(pooled[0][k] * pooled[1][k]);
            for (std::size_t k = 0; k < latent; ++k) seen.push_back(pooled[0][k] - pooled[1][k]);
            auto units =
                affine(values_of(fitted, "head.0.weight"), values_of(fitted, "head.0.bias"), seen);
            for (double& unit : units) unit = std::max(unit, 0.0);
            const auto answer =
                affine(values_of(fitted, "head.2.weight"), values_of(fitted, "head.2.bias"), units);
            expected.insert(expected.end(), answer.begin(), answer.end());
        }
        EXPECT_CLOSE(test::values_of(answers.value), expected, {.terms = 64});
    }
}

/// Gradients of every parameter, for the given gradient of the answers.
test::Arrays gradients(const FittedModel& fitted, Stream& stream) {
    const SpikeTrain spikes = pairs();
    Tape tape;
    Context context{.stream = stream, .tape = &tape};
    clear_gradients(stream, fitted.parameters);
    const Var output = fitted.model->forward(context, {.spikes = &spikes, .lengths = lengths()});
    const Tensor gradient = test::tensor_of(stream, output.value.shape(), output.value.dtype(),
                                            test::random_values(6, -1, 1, {13}));
    tape.backward(stream, {&output, 1}, {&gradient, 1});
    test::Arrays all;
    for (const auto& [name, parameter] : fitted.model->parameters()) {
        all.push_back(test::values_of(parameter->gradient));
    }
    return all;
}

/// Central differences: an error of h^2 of the third derivative and of the rounding over h. The
/// rectifiers of the head are not within h of their kinks.
TEST(TwoTowers, gradients_are_those_of_differences) {
    Stream stream{Device{}};
    const SpikeTrain spikes = pairs();
    const auto weights = test::random_values(6, -1, 1, {13});
    for (const char* const model : {"lstm", "elm"}) {
        const FittedModel fitted = towers(stream, model, "mean");
        const test::Arrays found = gradients(fitted, stream);
        const auto loss = [&] {
            Context context{.stream = stream};
            const auto values = test::values_of(
                fitted.model->forward(context, {.spikes = &spikes, .lengths = lengths()}).value);
            double sum = 0;
            for (std::size_t k = 0; k < values.size(); ++k) sum += weights[k] * values[k];
            return sum;
        };
        constexpr double h = 1e-5;
        const auto parameters = fitted.model->parameters();
        for (std::size_t p = 0; p < parameters.size(); ++p) {
            if (!parameters[p].parameter->trainable) continue;
            const auto values = parameters[p].parameter->value.host<double>();
            for (std::size_t k = 0; k < values.size(); k += 1 + values.size() / 10) {
                const double value = values[k];
                values[k] = value + h;
                const double above = loss();
                values[k] = value - h;
                const double below = loss();
                values[k] = value;
                EXPECT_NEAR(found[p][k], (above - below) / (2 * h), 1e-8)
                    << model << " " << parameters[p].name << " " << k;
            }
        }
    }
}

TEST(TwoTowers, have_the_same_bits_for_any_number_of_threads) {
    const int before = thread_count();
    for (const char* const model : {"elm", "lstm"}) {
        std::vector<test::Arrays> all;
        for (const int threads : {1, 2, 4}) {
            set_thread_count(threads);
            Stream stream{Device{}};
            all.push_back(gradients(towers(stream, model, "last", {}, DType::f32), stream));
        }
        EXPECT_EQ(all[0], all[1]) << model;
        EXPECT_EQ(all[0], all[2]) << model;
    }
    set_thread_count(before);
}

TEST(TwoTowers, are_in_the_file_of_the_model) {
    Stream stream{Device{}};
    const test::TemporaryDirectory folder;
    const SpikeTrain spikes = pairs();
    const Values embedding{{"kind", std::string("linear")}, {"width", std::int64_t{3}}};
    for (const char* const model : {"elm", "tcn"}) {
        for (const Values& front_end : {Values{}, embedding}) {
            const FittedModel saved = towers(stream, model, "mean", front_end);
            save_model(saved, folder / "m.h5", true);
            const FittedModel loaded = load_model(stream, folder / "m.h5", DType::f64);
            EXPECT_EQ(loaded.spec.towers, saved.spec.towers);
            EXPECT_EQ(loaded.spec.front_end, saved.spec.front_end);
            Context context{.stream = stream};
            const SequenceInput input{.spikes = &spikes, .lengths = lengths()};
            EXPECT_EQ(test::values_of(loaded.model->forward(context, input).value),
                      test::values_of(saved.model->forward(context, input).value));
        }
    }
}

TEST(TwoTowers, refuse_what_is_no_pair) {
    Stream stream{Device{}};
    const FittedModel fitted = towers(stream, "lstm", "last");
    const SpikeTrain three = test::random_spikes(3, steps, inputs, 0.3, 5);
    Context context{.stream = stream};
    EXPECT_THROW(fitted.model->forward(context, {.spikes = &three}), Error);
    EXPECT_THROW(
        make_model(
            {.model = "lstm", .shape = {inputs, classes}, .towers = {{"latent", std::int64_t{0}}}}),
        Error);
}

}  // namespace
}  // namespace elm

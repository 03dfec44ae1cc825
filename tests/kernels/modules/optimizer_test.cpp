#include "kernels/modules/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/random_tensor.h"

namespace elm {
namespace {

using test::values_of;

/// Parameters "weight" (count), "bias" (2) and "decay" (1), with a gap behind each.
struct Net : Module {
    ModuleParameter& weight;
    ModuleParameter& bias;
    ModuleParameter& decay;
    explicit Net(std::int64_t count = 3)
        : weight(parameter("weight", {count}, initialise::uniform(-1, 1))),
          bias(parameter("bias", {2}, initialise::constant(0.5))),
          decay(parameter("decay", {1}, initialise::constant(0.25))) {}
};

void put(Stream& stream, const Tensor& tensor, const std::vector<double>& values) {
    visit_real(tensor.dtype(), [&]<class Real>(Real) {
        tensor.assign<Real>(stream, std::vector<Real>(values.begin(), values.end()));
    });
}

/// A net in float64 on the CPU with an optimiser.
struct Training {
    Stream stream{Device{}};
    Net net;
    FlatParameters flat;
    Optimizer optimizer;

    explicit Training(const OptimizerSettings& settings)
        : flat(allocate()), optimizer(stream, net, flat, settings) {}
    FlatParameters allocate() {
        const FlatParameters row = allocate_parameters(stream, net, DType::f64, {1});
        put(stream, net.weight.value, {1, -2, 0.5});
        return row;
    }
    void step(const std::vector<double>& gradient, double rate = 0.125, std::int64_t passes = 1) {
        put(stream, net.weight.gradient, gradient);
        optimizer.step(stream, rate, passes);
    }
};

OptimizerSettings adaptive(OptimizerRule rule) {
    OptimizerSettings settings;
    settings.rule = rule;
    settings.beta1 = 0.875;
    settings.beta2 = 0.96875;
    settings.epsilon = 1e-3;
    settings.weight_decay = 0.0625;
    return settings;
}

struct Published {
    const char* name;
    OptimizerSettings settings;
    std::vector<double> weight;
};

// Weights after four steps of torch.optim.SGD, Adam, AdamW and Adamax of PyTorch 2.15.0 in float64:
// p = [1, -2, 0.5], lr = 0.125, weight_decay = 0.0625, momentum = 0.75, betas = (0.875, 0.96875),
// eps = 1e-3, and the gradients of the test below.
std::vector<Published> published() {
    OptimizerSettings sgd{.rule = OptimizerRule::sgd, .weight_decay = 0.0625};
    OptimizerSettings momentum = sgd, nesterov = sgd;
    momentum.momentum = nesterov.momentum = 0.75;
    nesterov.nesterov = true;
    return {{"sgd", sgd, {0.7818527556955814, -1.8625202998518944, 0.19907904230058193}},
            {"momentum", momentum, {0.7449587918817997, -1.6433881148695946, -0.10714929737150669}},
            {"nesterov", nesterov, {0.5919808853795985, -1.6017529269156512, -0.24950584836915368}},
            {"adam",
             adaptive(OptimizerRule::adam),
             {0.8172643288370239, -1.747356149357751, 0.1589895443772125}},
            {"adamw",
             adaptive(OptimizerRule::adamw),
             {0.819077580146916, -1.7387092493068326, 0.1537266267542136}},
            {"adamax",
             adaptive(OptimizerRule::adamax),
             {0.8452170699559811, -1.790141541277607, 0.23520066419323105}}};
}

TEST(Optimizer, takes_the_steps_of_pytorch) {
    for (const Published& example : published()) {
        Training training(example.settings);
        training.step({0.5, -1.25, 0.0625});
        training.step({-0.75, 0.5, 2.0});
        training.step({0.25, 0.25, -0.5});
        training.step({1.5, -0.125, 0.75});
        SCOPED_TRACE(example.name);
        EXPECT_CLOSE(training.net.weight.value, example.weight, {.terms = 4});
        EXPECT_EQ(training.optimizer.step_count(), 4);
        for (const double value : values_of(training.flat.gradients)) EXPECT_EQ(value, 0);
    }
}

// With a constant gradient both means are free of bias, so each step has the length of the rate.
TEST(Optimizer, adam_takes_steps_of_the_learning_rate) {
    Training training({.rule = OptimizerRule::adam, .epsilon = 0});
    for (int step = 0; step < 10; ++step) training.step({3, -0.01, 1e-6}, 0.125);
    EXPECT_CLOSE(training.net.weight.value, (std::vector<double>{-0.25, -0.75, -0.75}),
                 {.terms = 10});
}

TEST(Optimizer, clips_the_norm_of_all_gradients_together) {
    Training training({.rule = OptimizerRule::sgd, .clip_norm = 1});
    put(training.stream, training.net.bias.gradient, {0, 4});
    training.step({0, 3, 0}, 1);
    EXPECT_DOUBLE_EQ(training.optimizer.gradient_norm(), 5);
    EXPECT_CLOSE(training.net.weight.value, (std::vector<double>{1, -2.6, 0.5}), {});
    EXPECT_CLOSE(training.net.bias.value, (std::vector<double>{0.5, -0.3}), {});
    training.step({0, 0.5, 0}, 1);
    EXPECT_CLOSE(training.net.weight.value, (std::vector<double>{1, -3.1, 0.5}), {});
}

TEST(Optimizer, moves_by_the_mean_of_several_passes) {
    Training training({.rule = OptimizerRule::sgd, .clip_norm = 100});
    training.step({8, 4, 0}, 1, 4);
    EXPECT_EQ(values_of(training.net.weight.value), (std::vector<double>{-1, -3, 0.5}));
    EXPECT_DOUBLE_EQ(training.optimizer.gradient_norm(), std::sqrt(5.0));
    EXPECT_THROW(training.step({0, 0, 0}, 1, 0), Error);
}

TEST(Optimizer, decays_weights_in_groups_by_name) {
    Training training({.rule = OptimizerRule::sgd,
                       .weight_decay = 0.5,
                       .decay_groups = {{"bias", 0}, {"decay", 0.25}, {"cay", 8}}});
    training.step({0, 0, 0}, 1);
    EXPECT_EQ(values_of(training.net.weight.value), (std::vector<double>{0.5, -1, 0.25}));
    EXPECT_EQ(values_of(training.net.bias.value), (std::vector<double>{0.5, 0.5}));
    EXPECT_EQ(values_of(training.net.decay.value), std::vector<double>{0.21875});
}

TEST(Optimizer, spares_biases_and_time_constants_where_it_is_asked_to) {
    for (const OptimizerRule rule : {OptimizerRule::sgd, OptimizerRule::adamw}) {
        for (const bool decays : {false, true}) {
            Stream stream{Device{}};
            Net net;
            net.bias.is_weight = net.decay.is_weight = false;
            const FlatParameters flat = allocate_parameters(stream, net, DType::f64, {1});
            Optimizer optimizer(stream, net, flat,
                                {.rule = rule, .weight_decay = 0.5, .decay_offsets = decays});
            const std::vector<double> weight = values_of(net.weight.value);
            optimizer.step(stream, 0.125);
            // Without a gradient both rules shrink by the rate times the decay: 1 / 16.
            for (std::size_t k = 0; k < 3; ++k) {
                EXPECT_DOUBLE_EQ(values_of(net.weight.value)[k], weight[k] * 15 / 16);
            }
            const double left = decays ? 15.0 / 16 : 1;
            EXPECT_DOUBLE_EQ(values_of(net.bias.value)[0], 0.5 * left);
            EXPECT_DOUBLE_EQ(values_of(net.decay.value)[0], 0.25 * left);
        }
    }
}

TEST(Optimizer, leaves_parameters_alone_that_are_not_trainable) {
    Stream stream{Device{}};
    Net net;
    net.bias.trainable = false;
    const FlatParameters flat = allocate_parameters(stream, net, DType::f64, {1});
    Optimizer optimizer(stream, net, flat,
                        {.rule = OptimizerRule::sgd, .momentum = 0.5, .weight_decay = 0.5});
    put(stream, net.bias.gradient, {3, 4});
    optimizer.step(stream, 1);
    EXPECT_EQ(values_of(net.bias.value), (std::vector<double>{0.5, 0.5}));
    EXPECT_EQ(optimizer.gradient_norm(), 0) << "they do not count for the norm";
}

TEST(Optimizer, averages_weights_and_exchanges_them) {
    Training training({.rule = OptimizerRule::sgd, .average_decay = 0.75});
    training.step({1, 0, 0}, 4);   // weight -3, average 0.75 * 1 - 0.25 * 3 = 0
    training.step({-2, 0, 0}, 4);  // weight 5, average 0.25 * 5
    training.optimizer.exchange_average(training.stream);
    EXPECT_EQ(values_of(training.net.weight.value), (std::vector<double>{1.25, -2, 0.5}));
    training.optimizer.exchange_average(training.stream);
    EXPECT_EQ(values_of(training.net.weight.value), (std::vector<double>{5, -2, 0.5}));
    Training without({});
    EXPECT_THROW(without.optimizer.exchange_average(without.stream), Error);
}

TEST(Optimizer, names_the_first_gradient_that_is_not_finite) {
    Training training({});
    training.step({1, 1, 1});
    const auto before = values_of(training.flat.values);
    put(training.stream, training.net.decay.gradient, {std::numeric_limits<double>::infinity()});
    put(training.stream, training.net.bias.gradient, {1, std::nan("")});
    try {
        training.step({1, 1, 1});
        FAIL() << "a gradient of NaN was taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::numeric);
        EXPECT_EQ(error.message().substr(0, 64),
                  "step 1: the gradient of bias is not finite (element 1 is nan). L");
    }
    EXPECT_EQ(values_of(training.flat.values), before);
    EXPECT_EQ(training.optimizer.step_count(), 1);
}

TEST(Optimizer, sums_the_norm_of_large_float32_gradients) {
    Stream stream{Device{}};
    Net net(10'001);
    const FlatParameters flat = allocate_parameters(stream, net, DType::f32, {1});
    Optimizer optimizer(stream, net, flat, {});
    const auto gradient = test::random_values(10'001, -1e30, 1e30, {5});
    put(stream, net.weight.gradient, gradient);
    double sum = 0;
    for (const double value : gradient) sum += value * value;
    optimizer.step(stream, 0);
    EXPECT_NEAR(optimizer.gradient_norm(), std::sqrt(sum), 1e-12 * std::sqrt(sum));
}

/// Weights of `count` elements after a few steps in float32.
std::vector<double> trained(Device device, const OptimizerSettings& settings) {
    const std::int64_t count = 3001;
    Stream stream{device};
    Net net(count);
    const FlatParameters flat = allocate_parameters(stream, net, DType::f32, {1});
    Optimizer optimizer(stream, net, flat, settings);
    for (std::uint64_t step = 0; step < 3; ++step) {
        put(stream, net.weight.gradient, test::random_values(count, -1, 1, {7, step, 0}));
        optimizer.step(stream, 0.0625);
    }
    for (const OptimizerRow& row : optimizer.rows()) {
        EXPECT_TRUE(row.values.storage().guards_intact()) << row.name;
    }
    return values_of(net.weight.value);
}

TEST(Optimizer, gives_the_same_bits_for_any_number_of_threads) {
    const int before = thread_count();
    for (Published& example : published()) {
        example.settings.clip_norm = 0.5;
        set_thread_count(1);
        const auto one = trained({}, example.settings);
        set_thread_count(3);
        EXPECT_EQ(trained({}, example.settings), one) << example.name;
    }
    set_thread_count(before);
}

TEST(Optimizer, cuda_takes_the_steps_of_the_cpu) {
    ELM_SKIP_WITHOUT_CUDA();
    for (Published& example : published()) {
        example.settings.clip_norm = 0.5;
        example.settings.average_decay = 0.5;
        for (const Device device : test::cuda_devices()) {
            EXPECT_EQ(test::difference(trained(device, example.settings),
                                       trained({}, example.settings), DType::f32, {.terms = 3}),
                      "")
                << example.name;
        }
    }
}

TEST(Optimizer, is_set_by_options) {
    OptionSet options;
    declare_optimizer(options);
    options.set("optimizer", "adamw");
    options.set("weight_decay", "0.5");
    options.set("no_decay", "bias,decay");
    const OptimizerSettings settings = optimizer_settings_of(options);
    EXPECT_EQ(settings.rule, OptimizerRule::adamw);
    EXPECT_EQ(settings.weight_decay, 0.5);
    ASSERT_EQ(settings.decay_groups.size(), 2u);
    EXPECT_EQ(settings.decay_groups[0].ending, "bias");
    EXPECT_EQ(settings.decay_groups[1].ending, "decay");
    EXPECT_EQ(settings.decay_groups[1].factor, 0);
    EXPECT_THROW(options.set("optimizer", "lion"), Error);
    options.set("beta1", "1");
    EXPECT_THROW(optimizer_settings_of(options), Error);
}

TEST(Optimizer, refuses_settings_out_of_range) {
    EXPECT_THROW((OptimizerSettings{.beta2 = -0.5}.check()), Error);
    EXPECT_THROW((OptimizerSettings{.epsilon = NAN}.check()), Error);
    EXPECT_THROW((OptimizerSettings{.nesterov = true}.check()), Error);
    EXPECT_THROW((OptimizerSettings{.average_decay = 1}.check()), Error);
}

}  // namespace
}  // namespace elm

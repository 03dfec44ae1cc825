#include "kernels/ops/basic/activation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/reference/elementwise_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"

namespace elm::test {
namespace {

struct Entry {
    std::string name;
    Activation function;
    double (*exact)(double);
};

const std::vector<Entry>& entries() {
    static const std::vector<Entry> all = {
        {"linear", Activation::linear, [](double x) { return x; }},
        {"relu", Activation::relu, reference::relu},
        {"relu2", Activation::relu2, reference::relu2},
        {"silu", Activation::silu, reference::silu},
        {"gelu", Activation::gelu, reference::gelu},
        {"gelu_tanh", Activation::gelu_tanh, reference::gelu_tanh},
        {"tanh", Activation::tanh, [](double x) { return std::tanh(x); }},
        {"sigmoid", Activation::sigmoid, reference::sigmoid},
        {"softplus", Activation::softplus, reference::softplus},
        {"scaled_tanh", Activation::scaled_tanh, reference::scaled_tanh},
        {"exp", Activation::exp, [](double x) { return std::exp(x); }},
        {"elu_plus_one", Activation::elu_plus_one,
         [](double x) { return x > 0 ? x + 1 : std::exp(x); }},
        {"sine", Activation::sine, [](double x) { return std::sin(x); }},
        {"laplace", Activation::laplace,
         [](double x) { return std::erfc((0.707107 - x) / (0.282095 * std::sqrt(2.0))) / 2; }}};
    return all;
}

OpCase activation_case(const Entry& entry, const std::string& what, const Shape& shape, double low,
                       double high) {
    return {.name = entry.name + "_" + what,
            .inputs = {{.name = "input", .shape = shape, .low = low, .high = high, .kinks = {0}}},
            .run =
                [function = entry.function](Context& context, std::span<const Var> in) {
                    return std::vector<Var>{activate(context, in[0], function)};
                },
            .reference =
                [exact = entry.exact](const Arrays& in) {
                    const auto of_left = [exact](double x, double) { return exact(x); };
                    return Arrays{reference::elementwise(in[0], {0}, of_left)};
                }};
}

/// Far from 0. A derivative that follows from the output alone vanishes there by cancellation of
/// numbers of size 1, so that its own size says nothing about the error to allow: values only.
OpCase far_case(const Entry& entry, const std::string& what, double low, double high) {
    OpCase op = activation_case(entry, what, {33}, low, high);
    const bool saturates = entry.function != Activation::relu && entry.function != Activation::exp;
    op.inputs[0].differentiable = !(saturates && activation_keeps_output(entry.function));
    // erfc multiplies the relative error of x by x^2, and the largest value of gelu is at -5; the
    // exponent of its approximation even with x^3.
    const bool bell = entry.function == Activation::gelu ||
                      entry.function == Activation::gelu_tanh ||
                      entry.function == Activation::laplace;
    if (bell) op.condition = 64;
    return op;
}

std::vector<OpCase> cases() {
    std::vector<OpCase> all;
    for (const Entry& entry : entries()) {
        all.push_back(activation_case(entry, "one", {1}, 0.5, 1));
        all.push_back(activation_case(entry, "odd_sizes", {7, 33}, -3, 3));
        all.push_back(activation_case(entry, "many", {257, 33}, -3, 3));
        // The smooth step is steep: further out there is nothing left of it in float32.
        const bool steep = entry.function == Activation::laplace;
        all.push_back(far_case(entry, "negative", steep ? -2 : -20, steep ? -1 : -5));
        all.push_back(far_case(entry, "positive", steep ? 2 : 5, steep ? 3 : 20));
        all.push_back(activation_case(entry, "empty", {0, 7}, -1, 1));
    }
    return all;
}

ELM_OP_CASES(activation, cases());

/// Values and gradients, on the CPU in float32, for inputs at the ends of the range.
Arrays ends_of(Activation function) {
    Stream stream{Device{}};
    Tape tape;
    Context context{stream, &tape};
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const std::vector<float> inputs = {-infinity, -1000, 1000};
    const std::vector<float> ones(inputs.size(), 1);
    const Tensor input = Tensor::from<float>(stream, {3}, inputs);
    const Tensor gradient = Tensor::zeros(stream, {3}, DType::f32);
    const Tensor one = Tensor::from<float>(stream, {3}, ones);
    const Var output = activate(context, tape.leaf({input, gradient}), function);
    tape.backward(stream, {&output, 1}, {&one, 1});
    return {values_of(output.value), values_of(gradient)};
}

TEST(Activation, saturates_without_overflow) {
    const std::vector<double> none = {0, 0, 0}, step = {0, 0, 1}, ramp = {0, 0, 1000};
    EXPECT_EQ(ends_of(Activation::relu), (Arrays{ramp, step}));
    EXPECT_EQ(ends_of(Activation::sigmoid), (Arrays{step, none}));
    EXPECT_EQ(ends_of(Activation::softplus), (Arrays{ramp, step}));
    EXPECT_EQ(ends_of(Activation::gelu_tanh), (Arrays{ramp, step}));
    EXPECT_EQ(ends_of(Activation::tanh), (Arrays{{-1, -1, 1}, none}));
}

TEST(Activation, keeps_what_is_not_a_number) {
    Stream stream{Device{}};
    Context context{stream};
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const Entry& entry : entries()) {
        const Tensor input = Tensor::from<float>(stream, {1}, {&nan, 1});
        EXPECT_TRUE(std::isnan(activate(context, {input}, entry.function).value.host<float>()[0]))
            << entry.name;
    }
}

}  // namespace
}  // namespace elm::test

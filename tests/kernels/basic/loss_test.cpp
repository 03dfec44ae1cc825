#include "kernels/ops/training/loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/core/support/error.h"
#include "tests/reference/loss_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"

namespace elm::test {
namespace {

/// Weights 1, 0, 2, 1, 0, 2, ...
std::vector<double> mask_of(std::int64_t count) {
    std::vector<double> mask;
    for (std::int64_t i = 0; i < count; ++i) mask.push_back(i % 3 == 0 ? 1 : i % 3 == 1 ? 0 : 2);
    return mask;
}

InputSpec weights_of(const Shape& shape) {
    return {.name = "weights",
            .shape = shape,
            .differentiable = false,
            .values = mask_of(shape.size())};
}

Tensor weights_in(std::span<const Var> in) { return in.size() > 2 ? in[2].value : Tensor{}; }
std::vector<double> weights_in(const Arrays& in) {
    return in.size() > 2 ? in[2] : std::vector<double>{};
}

OpCase cross_entropy_case(const std::string& name, const Shape& shape, bool weighted = false,
                          double low = -2, double high = 2) {
    const std::int64_t classes = shape[shape.rank() - 1];
    const Shape each = shape.without(shape.rank() - 1);
    std::vector<double> labels;
    for (std::int64_t row = 0; row < each.size(); ++row) {
        labels.push_back(static_cast<double>(row * 5 % classes));
    }
    OpCase op{
        .name = name,
        .inputs = {{.name = "logits", .shape = shape, .low = low, .high = high},
                   {.name = "labels",
                    .shape = each,
                    .differentiable = false,
                    .values = labels,
                    .dtype = DType::i32}},
        .run =
            [](Context& context, std::span<const Var> in) {
                return std::vector<Var>{cross_entropy(context, in[0], in[1].value, weights_in(in))};
            },
        .reference =
            [classes](const Arrays& in) {
                return Arrays{{reference::weighted_mean(
                    reference::cross_entropy_rows(in[0], in[1], static_cast<std::size_t>(classes)),
                    weights_in(in))}};
            },
        .longest_sum = shape.size()};
    if (weighted) op.inputs.push_back(weights_of(each));
    return op;
}

using Loss = Var (*)(Context&, const Var&, const Tensor&, const Tensor&);

OpCase element_case(const std::string& name, Loss loss, double (*exact)(double, double),
                    const Shape& shape, bool weighted = false, double low = -2, double high = 2) {
    const Shape each = shape.without(shape.rank() - 1);
    OpCase op{.name = name,
              .inputs = {{.name = "predictions", .shape = shape, .low = low, .high = high},
                         {.name = "targets", .shape = shape, .low = 0, .differentiable = false}},
              .run =
                  [loss](Context& context, std::span<const Var> in) {
                      return std::vector<Var>{loss(context, in[0], in[1].value, weights_in(in))};
                  },
              .reference =
                  [=](const Arrays& in) {
                      const auto rows = static_cast<std::size_t>(each.size());
                      const auto columns = static_cast<std::size_t>(shape[shape.rank() - 1]);
                      return Arrays{{reference::weighted_mean(
                          reference::element_loss_rows(in[0], in[1], rows, columns, exact),
                          weights_in(in))}};
                  },
              .longest_sum = shape.size()};
    if (weighted) op.inputs.push_back(weights_of(each));
    return op;
}

std::vector<OpCase> cross_entropy_cases() {
    return {cross_entropy_case("one", {1, 1}),
            cross_entropy_case("odd_sizes", {33, 7}),
            cross_entropy_case("many_classes", {7, 257}),
            cross_entropy_case("many_rows", {257, 3}),
            cross_entropy_case("weights", {33, 7}, true),
            cross_entropy_case("weights_of_time", {2, 33, 5}, true),
            cross_entropy_case("large_logits", {7, 33}, false, 900, 905),
            cross_entropy_case("negative_logits", {7, 33}, true, -905, -900),
            cross_entropy_case("no_rows", {0, 7}, true)};
}

std::vector<OpCase> element_cases() {
    std::vector<OpCase> all;
    const auto put = [&](const std::string& prefix, Loss loss, double (*exact)(double, double)) {
        all.push_back(element_case(prefix + "one", loss, exact, {1, 1}));
        all.push_back(element_case(prefix + "odd_sizes", loss, exact, {33, 7}));
        all.push_back(element_case(prefix + "wide", loss, exact, {7, 257}));
        all.push_back(element_case(prefix + "many_rows", loss, exact, {257, 1}, true));
        all.push_back(element_case(prefix + "time", loss, exact, {2, 33, 5}, true));
        all.push_back(element_case(prefix + "large", loss, exact, {7, 33}, true, 90, 99));
        all.push_back(element_case(prefix + "negative", loss, exact, {7, 33}, false, -99, -90));
        all.push_back(element_case(prefix + "no_rows", loss, exact, {0, 7}));
    };
    put("squared_", mean_squared_error, reference::squared_error);
    put("binary_", binary_cross_entropy, reference::binary_cross_entropy);
    return all;
}

ELM_OP_CASES(cross_entropy, cross_entropy_cases());
ELM_OP_CASES(element_loss, element_cases());

/// Loss and gradient of logits (2, 3), with labels and weights, in float32.
Arrays cross_entropy_of(std::vector<float> logits, std::vector<std::int32_t> labels,
                        std::vector<float> weights) {
    Stream stream{Device{}};
    Tape tape;
    Context context{stream, &tape};
    const Tensor value = Tensor::from<float>(stream, {2, 3}, logits);
    const Tensor gradient = Tensor::zeros(stream, {2, 3}, DType::f32);
    const Var loss = cross_entropy(context, tape.leaf({value, gradient}),
                                   Tensor::from<std::int32_t>(stream, {2}, labels),
                                   Tensor::from<float>(stream, {2}, weights));
    tape.backward(stream, loss);
    return {values_of(loss.value), values_of(gradient)};
}

TEST(CrossEntropy, a_masked_row_may_hold_anything) {
    const float nan = std::nanf("");
    const Arrays masked = cross_entropy_of({nan, 0, 0, 0, 0, 0}, {-1, 2}, {0, 3});
    EXPECT_FLOAT_EQ(static_cast<float>(masked[0][0]), std::log(3.0F));
    for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(masked[1][k], 0);
    EXPECT_FLOAT_EQ(static_cast<float>(masked[1][5]), 1.0F / 3 - 1);
}

TEST(CrossEntropy, is_zero_where_everything_is_masked) {
    EXPECT_EQ(cross_entropy_of({1, 2, 3, 4, 5, 6}, {0, 1}, {0, 0}),
              (Arrays{{0}, std::vector<double>(6, 0.0)}));
}

TEST(CrossEntropy, is_not_a_number_for_a_label_that_is_no_class) {
    EXPECT_TRUE(std::isnan(cross_entropy_of({1, 2, 3, 4, 5, 6}, {0, 3}, {1, 1})[0][0]));
    EXPECT_TRUE(std::isnan(cross_entropy_of({1, 2, 3, 4, 5, 6}, {0, -1}, {1, 1})[0][0]));
}

TEST(BinaryCrossEntropy, stays_exact_and_finite_for_large_logits) {
    Stream stream{Device{}};
    Context context{stream};
    const auto loss = [&](float logit, float target) {
        const Tensor x = Tensor::from<float>(stream, {1, 1}, {&logit, 1});
        const Tensor t = Tensor::from<float>(stream, {1, 1}, {&target, 1});
        return binary_cross_entropy(context, {x}, t).value.host<float>()[0];
    };
    EXPECT_EQ(loss(1000, 0), 1000);
    EXPECT_EQ(loss(1000, 1), 0);
    EXPECT_EQ(loss(-1000, 1), 1000);
    EXPECT_FLOAT_EQ(loss(20, 1), std::exp(-20.0F));
}

TEST(Loss, names_the_argument_that_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape, DType dtype = DType::f32) {
        return Tensor::zeros(stream, shape, dtype);
    };
    const Var logits{zeros({2, 5, 3})};
    EXPECT_THROW(cross_entropy(context, logits, zeros({2, 4}, DType::i32)), Error);
    EXPECT_THROW(cross_entropy(context, logits, zeros({2, 5})), Error);  // labels are integers
    EXPECT_THROW(mean_squared_error(context, logits, zeros({2, 5, 4})), Error);
    EXPECT_THROW(binary_cross_entropy(context, {zeros({3})}, zeros({3})), Error);
    try {
        mean_squared_error(context, logits, zeros({2, 5, 3}), zeros({2}));
        FAIL() << "weights of another shape were taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.message(), "mean_squared_error: weights has shape (2), expected (2, 5)");
    }
}

}  // namespace
}  // namespace elm::test

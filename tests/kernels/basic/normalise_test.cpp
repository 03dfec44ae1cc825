#include "kernels/ops/basic/normalise.h"

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/ops/training/batch_norm.h"
#include "tests/reference/normalise_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"

namespace elm::test {
namespace {

enum class Kind { layer, rms, batch };

Tensor filled(Stream& stream, const Shape& shape, DType dtype, double value) {
    const Tensor result = Tensor::zeros(stream, shape, dtype);
    visit_real(dtype, [&]<class Real>(Real) {
        const std::vector<Real> values(static_cast<std::size_t>(shape.size()),
                                       static_cast<Real>(value));
        result.assign<Real>(stream, values);
    });
    return result;
}

Var apply(Context& context, std::span<const Var> in, Kind kind) {
    if (kind == Kind::layer) return layer_norm(context, in[0], in[1], in[2], 1e-3);
    if (kind == Kind::rms) return rms_norm(context, in[0], in[1], 1e-3);
    const Shape& features = in[1].value.shape();
    const DType dtype = in[0].value.dtype();
    return batch_norm(
        context, in[0], in[1], in[2],
        {filled(context.stream, features, dtype, 0), filled(context.stream, features, dtype, 1)},
        1e-3);
}

std::vector<double> expected(const Arrays& in, std::size_t rows, std::size_t columns, Kind kind) {
    std::vector<double> values = in[0];
    if (kind == Kind::batch) {
        for (std::size_t k = 0; k < columns; ++k) {
            reference::normalise(values, k, rows, columns, 1e-3, true);
        }
    } else {
        for (std::size_t row = 0; row < rows; ++row) {
            reference::normalise(values, row * columns, columns, 1, 1e-3, kind == Kind::layer);
        }
    }
    reference::scale_columns(values, in[1], in.size() > 2 ? in[2] : std::vector<double>{});
    return values;
}

OpCase norm_case(Kind kind, const std::string& name, const Shape& shape, double low = -1,
                 double high = 1) {
    const std::int64_t columns = shape[shape.rank() - 1], rows = as_rows(shape)[0];
    OpCase op{.name = name,
              .inputs = {{.name = "input", .shape = shape, .low = low, .high = high},
                         {.name = "gain", .shape = {columns}, .low = 0.5, .high = 2}},
              .run =
                  [kind](Context& context, std::span<const Var> in) {
                      return std::vector<Var>{apply(context, in, kind)};
                  },
              .reference =
                  [=](const Arrays& in) {
                      return Arrays{expected(in, static_cast<std::size_t>(rows),
                                             static_cast<std::size_t>(columns), kind)};
                  },
              .longest_sum = rows + columns};
    if (kind != Kind::rms) op.inputs.push_back({.name = "bias", .shape = {columns}});
    return op;
}

/// The mean is twenty times the deviation, and so are the errors of the differences.
OpCase offset_case(Kind kind) {
    OpCase op = norm_case(kind, "offset", {33, 7}, 20, 23);
    op.condition = 8 * 20;
    return op;
}

/// Two values are almost +1 and -1, so that their gradients are what is left of larger numbers.
OpCase two_case(Kind kind, const Shape& shape) {
    OpCase op = norm_case(kind, "two", shape);
    op.condition = 64;
    return op;
}

std::vector<OpCase> row_cases(Kind kind) {
    return {two_case(kind, {3, 2}),
            norm_case(kind, "seven", {33, 7}),
            norm_case(kind, "thirty_three", {7, 33}),
            norm_case(kind, "wide", {3, 257}),
            norm_case(kind, "many_rows", {257, 5}),
            norm_case(kind, "three_axes", {2, 7, 5}),
            norm_case(kind, "one_row", {33}),
            offset_case(kind),
            norm_case(kind, "no_rows", {0, 7})};
}

std::vector<OpCase> batch_cases() {
    return {two_case(Kind::batch, {2, 1}),
            norm_case(Kind::batch, "odd_sizes", {33, 7}),
            norm_case(Kind::batch, "many_rows", {257, 3}),
            norm_case(Kind::batch, "wide", {7, 257}),
            norm_case(Kind::batch, "time", {2, 33, 5}),
            offset_case(Kind::batch)};
}

ELM_OP_CASES(layer_norm, row_cases(Kind::layer));
ELM_OP_CASES(rms_norm, row_cases(Kind::rms));
ELM_OP_CASES(batch_norm, batch_cases());

TEST(LayerNorm, an_even_row_gives_the_bias) {
    Stream stream{Device{}};
    Context context{stream};
    const Var even{filled(stream, {1, 5}, DType::f32, 3)};
    const Var one{filled(stream, {5}, DType::f32, 1)}, bias{filled(stream, {5}, DType::f32, 7)};
    EXPECT_EQ(values_of(layer_norm(context, even, one, bias).value), std::vector<double>(5, 7.0));
}

/// Rows -1 and 3 of one feature: mean 1, variance of the population 8.
struct TwoRows {
    Stream stream{Device{}};
    std::vector<double> values = {-1, 3};
    Var input{Tensor::from<double>(stream, {2, 1}, values)};
    Var gain{filled(stream, {1}, DType::f64, 2)}, bias{filled(stream, {1}, DType::f64, 5)};
    RunningStatistics running{filled(stream, {1}, DType::f64, 0),
                              filled(stream, {1}, DType::f64, 1), 0.25};
};

TEST(BatchNorm, training_moves_the_running_statistics) {
    TwoRows two;
    Context context{two.stream, nullptr, {}, true};
    batch_norm(context, two.input, two.gain, two.bias, two.running);
    EXPECT_CLOSE(two.running.mean, std::vector<double>{0.25}, {});
    EXPECT_CLOSE(two.running.variance, std::vector<double>{0.75 + 0.25 * 8}, {});
}

TEST(BatchNorm, afterwards_the_running_statistics_are_constants) {
    TwoRows two;
    Context context{two.stream};
    const RunningStatistics running{filled(two.stream, {1}, DType::f64, 1),
                                    filled(two.stream, {1}, DType::f64, 3)};
    const Tensor result = batch_norm(context, two.input, two.gain, two.bias, running, 1).value;
    EXPECT_CLOSE(result, (std::vector<double>{2 * (-2.0 / 2) + 5, 2 * (2.0 / 2) + 5}), {});
    EXPECT_EQ(values_of(running.mean), std::vector<double>{1});
}

TEST(Normalise, names_what_does_not_fit) {
    TwoRows two;
    Context context{two.stream, nullptr, {}, true};
    const Var wide{filled(two.stream, {2}, DType::f64, 1)};
    const Var one_row{filled(two.stream, {1, 1}, DType::f64, 1)};
    const Var no_columns{filled(two.stream, {2, 0}, DType::f64, 1)};
    EXPECT_THROW(layer_norm(context, two.input, wide, two.bias), Error);
    EXPECT_THROW(layer_norm(context, two.input, two.gain, wide), Error);
    EXPECT_THROW(rms_norm(context, no_columns, no_columns), Error);
    EXPECT_THROW(batch_norm(context, one_row, two.gain, two.bias, two.running), Error);
    try {
        rms_norm(context, two.input, wide);
        FAIL() << "a gain of another size was taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.message(), "rms_norm: gain has shape (2), expected (1)");
    }
}

}  // namespace
}  // namespace elm::test

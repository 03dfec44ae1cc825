#include "kernels/ops/product/matmul.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tests/reference/matmul_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

/// Products of single matrices if `batch` is negative.
OpCase matmul_case(const std::string& name, std::int64_t batch, std::int64_t rows,
                   std::int64_t inner, std::int64_t columns) {
    const bool batched = batch >= 0;
    return {.name = name,
            .inputs = {{.name = "left",
                        .shape = batched ? Shape{batch, rows, inner} : Shape{rows, inner}},
                       {.name = "right",
                        .shape = batched ? Shape{batch, inner, columns} : Shape{inner, columns}}},
            .run =
                [](Context& context, std::span<const Var> in) {
                    return std::vector<Var>{matmul(context, in[0], in[1])};
                },
            .reference =
                [=](const Arrays& in) {
                    return Arrays{reference::matmul(in[0], in[1], batched ? size(batch) : 1,
                                                    size(rows), size(inner), size(columns))};
                },
            .longest_sum = std::max({rows, inner, columns})};
}

OpCase linear_case(const std::string& name, const Shape& input, std::int64_t out,
                   bool with_bias = true) {
    const std::int64_t in = input[input.rank() - 1];
    const std::int64_t rows = as_rows(input)[0];
    OpCase op{.name = name,
              .inputs = {{.name = "input", .shape = input}, {.name = "weight", .shape = {out, in}}},
              .run =
                  [](Context& context, std::span<const Var> vars) {
                      return std::vector<Var>{vars.size() == 3
                                                  ? linear(context, vars[0], vars[1], vars[2])
                                                  : linear(context, vars[0], vars[1])};
                  },
              .reference =
                  [=](const Arrays& arrays) {
                      return Arrays{reference::linear(arrays[0], arrays[1],
                                                      with_bias ? arrays[2] : std::vector<double>{},
                                                      size(rows), size(in), size(out))};
                  },
              .longest_sum = std::max({rows, in, out})};
    if (with_bias) op.inputs.push_back({.name = "bias", .shape = {out}});
    return op;
}

std::vector<OpCase> matmul_cases() {
    return {matmul_case("one", -1, 1, 1, 1),
            matmul_case("odd_sizes", -1, 7, 33, 5),
            matmul_case("past_one_tile", -1, 65, 17, 70),
            matmul_case("past_one_block_of_terms", -1, 15, 530, 48),
            matmul_case("past_one_block_of_rows", -1, 143, 20, 65),
            matmul_case("one_vector_wide", -1, 29, 40, 16),
            matmul_case("batched", 3, 7, 5, 33),
            matmul_case("batched_blocks_of_rows", 2, 150, 9, 17),
            matmul_case("inner_sum_in_parts", -1, 2, 1100, 3),
            matmul_case("batched_in_parts", 2, 2, 1030, 1),
            matmul_case("no_rows", -1, 0, 7, 5),
            matmul_case("no_inner", -1, 7, 0, 5),
            matmul_case("no_columns", -1, 7, 5, 0),
            matmul_case("no_samples", 0, 7, 5, 3)};
}

std::vector<OpCase> linear_cases() {
    return {linear_case("one", {1, 1}, 1),
            linear_case("odd_sizes", {33, 7}, 5),
            linear_case("wide", {3, 257}, 9),
            linear_case("three_axes", {2, 7, 5}, 33),
            linear_case("one_axis", {7}, 3),
            linear_case("many_rows", {520, 2}, 3),
            linear_case("without_bias", {7, 5}, 3, false),
            linear_case("many_rows_in_parts", {1030, 1}, 1),
            linear_case("no_rows", {0, 7}, 5),
            linear_case("no_inputs", {3, 0}, 5),
            linear_case("no_outputs", {3, 5}, 0)};
}

ELM_OP_CASES(matmul, matmul_cases());
ELM_OP_CASES(linear, linear_cases());

TEST(Matmul, gives_the_same_bits_on_any_number_of_threads) {
    Stream stream{Device{}};
    const auto draw = [&](const Shape& shape, std::uint32_t purpose) {
        return tensor_of(stream, shape, DType::f32,
                         random_values(shape.size(), -1, 1, {1, 0, purpose}));
    };
    const Tensor left = draw({1500, 130}, 1), right = draw({1500, 33}, 2);
    const auto compute = [&](int threads) {
        set_thread_count(threads);
        return values_of(product(stream, {left, true}, {right}));
    };
    const std::vector<double> alone = compute(1);
    EXPECT_EQ(compute(3), alone);
    set_thread_count(0);
}

/// Rows alone, a few of them and all: a row meets the same operations wherever it stands.
TEST(Matmul, gives_a_row_the_same_bits_wherever_it_stands) {
    Stream stream{Device{}};
    constexpr std::int64_t rows = 300, inner = 70, columns = 45;
    const auto left = random_values(rows * inner, -1, 1, {1, 0, 1});
    const Tensor right = tensor_of(stream, {inner, columns}, DType::f32,
                                   random_values(inner * columns, -1, 1, {1, 0, 2}));
    const auto from = [&](std::int64_t first, std::int64_t count) {
        const std::vector<double> some(left.begin() + first * inner,
                                       left.begin() + (first + count) * inner);
        return values_of(
            product(stream, {tensor_of(stream, {count, inner}, DType::f32, some)}, {right}));
    };
    const std::vector<double> all = from(0, rows);
    for (const auto& [first, count] : {std::pair{0, 1}, {139, 1}, {17, 30}, {140, 160}}) {
        const std::vector<double> expected(all.begin() + first * columns,
                                           all.begin() + (first + count) * columns);
        EXPECT_EQ(from(first, count), expected) << first;
    }
}

TEST(Matmul, names_what_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape) {
        return Var{Tensor::zeros(stream, shape, DType::f32)};
    };
    EXPECT_THROW(matmul(context, zeros({2, 3}), zeros({2, 3})), Error);
    EXPECT_THROW(matmul(context, zeros({2, 3}), zeros({1, 3, 2})), Error);
    EXPECT_THROW(matmul(context, zeros({2, 2, 3}), zeros({1, 3, 2})), Error);
    EXPECT_THROW(linear(context, zeros({}), zeros({2, 3})), Error);
    EXPECT_THROW(linear(context, zeros({2, 3}), zeros({2, 3}), zeros({3})), Error);
    try {
        linear(context, zeros({2, 4}), zeros({2, 3}));
        FAIL() << "an input of another width was taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.message(), "linear: input has shape (2, 4), expected (..., 3)");
    }
}

}  // namespace
}  // namespace elm::test

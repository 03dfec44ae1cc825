#include "kernels/ops/basic/embedding.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/core/support/error.h"
#include "tests/reference/embedding_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"

namespace elm::test {
namespace {

/// Indices run through the table in steps of `stride`.
OpCase embedding_case(const std::string& name, std::int64_t entries, std::int64_t columns,
                      const Shape& indices, std::int64_t stride) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < indices.size(); ++i) {
        values.push_back(static_cast<double>(i * stride % entries));
    }
    return {.name = name,
            .inputs = {{.name = "table", .shape = {entries, columns}},
                       {.name = "indices",
                        .shape = indices,
                        .differentiable = false,
                        .values = values,
                        .dtype = DType::i32}},
            .run =
                [](Context& context, std::span<const Var> in) {
                    return std::vector<Var>{embedding(context, in[0], in[1].value)};
                },
            .reference =
                [columns](const Arrays& in) {
                    return Arrays{
                        reference::gather_rows(in[0], in[1], static_cast<std::size_t>(columns))};
                },
            .longest_sum = indices.size()};
}

std::vector<OpCase> cases() {
    return {embedding_case("one", 1, 1, {1}, 1),
            embedding_case("each_once", 33, 7, {33}, 5),
            embedding_case("some_never", 257, 3, {7}, 100),
            embedding_case("many_times", 7, 5, {257}, 3),
            embedding_case("one_row_for_all", 7, 3, {33}, 7),
            embedding_case("tokens", 33, 5, {2, 7}, 11),
            embedding_case("three_axes", 7, 3, {2, 3, 4}, 5),
            embedding_case("a_number", 7, 3, {}, 1),
            embedding_case("no_indices", 7, 3, {0}, 1),
            embedding_case("no_columns", 7, 0, {5}, 1)};
}

ELM_OP_CASES(embedding, cases());

TEST(Embedding, an_index_outside_gives_nan_and_no_gradient) {
    Stream stream{Device{}};
    Tape tape;
    Context context{stream, &tape};
    const std::vector<float> rows = {1, 2}, ones = {1, 1, 1, 1};
    const std::vector<std::int32_t> indices = {1, -1, 2, 1};
    const Tensor table = Tensor::from<float>(stream, {2, 1}, rows);
    const Tensor gradient = Tensor::zeros(stream, {2, 1}, DType::f32);
    const Var result = embedding(context, tape.leaf({table, gradient}),
                                 Tensor::from<std::int32_t>(stream, {4}, indices));
    const Tensor one = Tensor::from<float>(stream, {4, 1}, ones);
    tape.backward(stream, {&result, 1}, {&one, 1});
    const std::vector<double> values = values_of(result.value);
    EXPECT_EQ(values[0], 2);
    EXPECT_TRUE(std::isnan(values[1]) && std::isnan(values[2]));
    EXPECT_EQ(values_of(gradient), (std::vector<double>{0, 2}));
}

TEST(Embedding, refuses_other_ranks_and_types) {
    Stream stream{Device{}};
    Context context{stream};
    const Var table{Tensor::zeros(stream, {2, 3}, DType::f32)};
    const Var cube{Tensor::zeros(stream, {2, 3, 4}, DType::f32)};
    const auto indices = [&](const Shape& shape, DType dtype) {
        return Tensor::zeros(stream, shape, dtype);
    };
    EXPECT_THROW(embedding(context, cube, indices({2}, DType::i32)), Error);
    EXPECT_THROW(embedding(context, table, indices({1, 1, 1, 1}, DType::i32)), Error);
    EXPECT_THROW(embedding(context, table, indices({2}, DType::f32)), Error);
}

}  // namespace
}  // namespace elm::test

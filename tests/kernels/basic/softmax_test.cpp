#include "kernels/ops/basic/softmax.h"

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tests/reference/softmax_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"

namespace elm::test {
namespace {

OpCase softmax_case(const std::string& name, const Shape& shape, double low = -2, double high = 2,
                    std::vector<double> values = {}) {
    const std::int64_t columns = shape[shape.rank() - 1];
    return {
        .name = name,
        .inputs = {{.name = "logits",
                    .shape = shape,
                    .low = low,
                    .high = high,
                    .values = std::move(values)}},
        .run = [](Context& context,
                  std::span<const Var> in) { return std::vector<Var>{softmax(context, in[0])}; },
        .reference =
            [columns](const Arrays& in) {
                return Arrays{reference::softmax(in[0], static_cast<std::size_t>(columns))};
            },
        .longest_sum = columns};
}

/// One probability is almost 1: gradients vanish by cancellation of numbers of size 1, so that
/// their own size says nothing about the error to allow. Values only.
OpCase saturated_case() {
    OpCase op = softmax_case("saturated", {7, 33}, -1000, 1000);
    op.inputs[0].differentiable = false;
    return op;
}

std::vector<OpCase> cases() {
    return {softmax_case("one", {1, 1}),
            softmax_case("seven", {33, 7}),
            softmax_case("thirty_three", {7, 33}),
            softmax_case("wide", {3, 257}),
            softmax_case("many_rows", {257, 2}),
            softmax_case("four_axes", {2, 3, 4, 5}),
            softmax_case("one_axis", {33}),
            softmax_case("large_logits", {7, 33}, 900, 905),
            softmax_case("very_negative_logits", {7, 33}, -905, -900),
            saturated_case(),
            softmax_case("equal_logits", {2, 5}, 90, 90),
            softmax_case("all_but_one_masked", {1, 4}, 0, 0, {-0x1p99, 3, -0x1p99, -0x1p99}),
            softmax_case("no_rows", {0, 7}),
            softmax_case("no_columns", {7, 0})};
}

ELM_OP_CASES(softmax, cases());

TEST(Softmax, needs_an_axis) {
    Stream stream{Device{}};
    Context context{stream};
    EXPECT_THROW(softmax(context, {Tensor::zeros(stream, {}, DType::f32)}), Error);
}

}  // namespace
}  // namespace elm::test

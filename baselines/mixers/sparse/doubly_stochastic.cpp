#include "baselines/mixers/sparse/doubly_stochastic.h"

#include "kernels/ops/attention/divide_by_last.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/basic/softmax.h"

namespace elm {
namespace {

/// A row that does not take part has no sum to be divided by.
constexpr double least_sum = 1e-30;

Var with_rows_of_sum_1(Context& context, const Var& matrix) {
    const Shape shape = matrix.value.shape();
    const Var sums = reshape(context, sum(context, matrix, 2), {shape[0], shape[1], 1});
    const Var parts[] = {matrix, sums};
    return divide_by_last(context, concatenate(context, parts, 2), -least_sum);
}

}  // namespace

Var doubly_stochastic(Context& context, const Var& scores, std::int64_t iterations,
                      const Tensor& counted) {
    const Shape shape = scores.value.shape();
    Context plain{context.stream};
    Var rows, columns;  // (count, n, n), 1 where they count
    Var begin = scores;
    if (counted.defined()) {
        rows = reshape(plain, repeat(plain, {counted}, -1, shape[2]), shape);
        columns = transpose(plain, rows, 1, 2);
        begin = add(context, scores, scale(plain, columns, 1e30, -1e30));
    }
    // exp(scores) with rows divided by their sums, without leaving the range.
    Var matrix = softmax(context, begin);
    if (counted.defined()) matrix = multiply(context, matrix, rows);
    for (std::int64_t i = 0; i < iterations; ++i) {
        if (i > 0) matrix = with_rows_of_sum_1(context, matrix);
        const Var turned = with_rows_of_sum_1(context, transpose(context, matrix, 1, 2));
        matrix = transpose(context, turned, 1, 2);
    }
    return matrix;
}

}  // namespace elm

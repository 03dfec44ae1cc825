#include <vector>

#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/core/axis.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/basic/reduction_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cpu, run_maximum, MaximumArgs);
ELM_DEFINE_INSTANCES(Cpu, run_maximum_backward, MaximumBackwardArgs);
ELM_DEFINE_INSTANCES(Cpu, run_repeat, RepeatArgs);

namespace {

/// factor * values (groups, columns), as often as `shape` (groups, rows, columns) has rows.
Tensor repeat(Stream& stream, const Tensor& values, double factor, const Shape& shape) {
    const Tensor result = Tensor::empty(stream, shape, values.dtype());
    visit_real(result.dtype(), [&]<class Real>(Real) {
        repeat_kernel<Real>(stream, {view<const Real, 2>(values.reshape({shape[0], shape[2]})),
                                     static_cast<Real>(factor), view<Real, 3>(result)});
    });
    return result;
}

/// Which part of a tensor is reduced to one row, and the shapes on both sides.
struct Reduction {
    Shape input, middle, output;  // middle: (groups, rows, columns)
};

Reduction over_axis(const Var& input, int axis, const char* name) {
    const Shape& shape = input.value.shape();
    const int counted = require_axis(shape, axis, name);
    return {shape, around_axis(shape, counted), shape.without(counted)};
}

Reduction over_all(const Var& input) {
    const Shape& shape = input.value.shape();
    return {shape, {1, shape.size(), 1}, {}};
}

void require_elements(const Reduction& reduction, const char* name) {
    ELM_CHECK(reduction.middle[1] > 0, "{} of nothing: the input has shape {}", name,
              to_string(reduction.input));
}

/// factor * the sum.
Var sum_scaled(Context& context, const Var& input, const Reduction& reduction, double factor) {
    const Shape& middle = reduction.middle;
    Tensor result = sum_middle(context.stream, input.value.reshape(middle));
    if (factor != 1) result = repeat(context.stream, result, factor, middle.with(1, 1));
    return record(
        context, result.reshape(reduction.output), {input},
        [reduction, factor](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
            const Tensor spread =
                repeat(stream, gradient.reshape({reduction.middle[0], reduction.middle[2]}), factor,
                       reduction.middle);
            sinks[0].deliver(stream, spread.reshape(reduction.input));
        });
}

Var mean_of(Context& context, const Var& input, const Reduction& reduction) {
    require_elements(reduction, "mean");
    return sum_scaled(context, input, reduction, 1 / static_cast<double>(reduction.middle[1]));
}

Var maximum_of(Context& context, const Var& input, const Reduction& reduction) {
    require_elements(reduction, "maximum");
    const Shape rows{reduction.middle[0], reduction.middle[2]};
    const Tensor largest = Tensor::empty(context.stream, rows, input.value.dtype());
    const Tensor where = Tensor::empty(context.stream, rows, DType::i32);
    visit_real(largest.dtype(), [&]<class Real>(Real) {
        maximum_kernel<Real>(context.stream,
                             {view<const Real, 3>(input.value.reshape(reduction.middle)),
                              view<Real, 2>(largest), view<std::int32_t, 2>(where)});
    });
    return record(
        context, largest.reshape(reduction.output), {input},
        [reduction, rows, where](Stream& stream, const Tensor& gradient,
                                 std::span<GradSink> sinks) {
            const Tensor result = Tensor::empty(stream, reduction.middle, gradient.dtype());
            visit_real(result.dtype(), [&]<class Real>(Real) {
                maximum_backward_kernel<Real>(
                    stream, {view<const std::int32_t, 2>(where),
                             view<const Real, 2>(gradient.reshape(rows)), view<Real, 3>(result)});
            });
            sinks[0].deliver(stream, result.reshape(reduction.input));
        });
}

}  // namespace

Var sum(Context& context, const Var& input, int axis) {
    return sum_scaled(context, input, over_axis(input, axis, "sum"), 1);
}
Var sum(Context& context, const Var& input) {
    return sum_scaled(context, input, over_all(input), 1);
}
Var mean(Context& context, const Var& input, int axis) {
    return mean_of(context, input, over_axis(input, axis, "mean"));
}
Var mean(Context& context, const Var& input) { return mean_of(context, input, over_all(input)); }
Var maximum(Context& context, const Var& input, int axis) {
    return maximum_of(context, input, over_axis(input, axis, "maximum"));
}
Var maximum(Context& context, const Var& input) {
    return maximum_of(context, input, over_all(input));
}

Var repeat(Context& context, const Var& input, int axis, std::int64_t count) {
    const Shape& shape = input.value.shape();
    const int rank = shape.rank() + 1;
    ELM_CHECK(rank <= max_rank && axis >= -rank && axis < rank,
              "repeat: no room for a new axis {} in shape {}", axis, to_string(shape));
    const int place = axis < 0 ? axis + rank : axis;
    std::vector<std::int64_t> extents;
    for (int i = 0; i < shape.rank(); ++i) extents.push_back(shape[i]);
    extents.insert(extents.begin() + place, count);
    const Shape output{std::span<const std::int64_t>(extents)};
    const Shape middle = around_axis(output, place);
    const Tensor result = repeat(context.stream, input.value, 1, middle);
    return record(
        context, result.reshape(output), {input},
        [shape, middle](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
            const Tensor sums = sum_middle(stream, gradient.reshape(middle));
            sinks[0].deliver(stream, sums.reshape(shape));
        });
}

}  // namespace elm

#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/basic/elementwise_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cpu, run_elementwise, ElementwiseArgs);
ELM_DEFINE_INSTANCES(Cpu, run_scale, ScaleArgs);

namespace {

bool ends_with(const Shape& shape, const Shape& end) {
    const int skipped = shape.rank() - end.rank();
    if (skipped < 0) return false;
    for (int axis = 0; axis < end.rank(); ++axis) {
        if (shape[skipped + axis] != end[axis]) return false;
    }
    return true;
}

/// `left` as rows that are as long as all of `right`.
Shape rows_of(const Shape& left, const Shape& right) {
    Shape rows{1, right.size()};
    for (int axis = 0; axis < left.rank() - right.rank(); ++axis) {
        rows = rows.with(0, rows[0] * left[axis]);
    }
    return rows;
}

Tensor combine(Stream& stream, ElementwiseFunction function, const Tensor& left,
               const Tensor& right) {
    const Shape rows = rows_of(left.shape(), right.shape());
    const Tensor result = Tensor::empty(stream, left.shape(), left.dtype());
    visit_real(result.dtype(), [&]<class Real>(Real) {
        elementwise_kernel<Real>(stream,
                                 {function, view<const Real, 2>(left.reshape(rows)),
                                  view<const Real, 2>(right.reshape({1, right.shape().size()})),
                                  view<Real, 2>(result.reshape(rows))});
    });
    return result;
}

Tensor scaled(Stream& stream, const Tensor& input, double factor, double offset = 0) {
    const std::int64_t count = input.shape().size();
    const Tensor result = Tensor::empty(stream, input.shape(), input.dtype());
    visit_real(result.dtype(), [&]<class Real>(Real) {
        scale_kernel<Real>(stream,
                           {view<const Real, 1>(input.reshape({count})), static_cast<Real>(factor),
                            static_cast<Real>(offset), view<Real, 1>(result.reshape({count}))});
    });
    return result;
}

/// The gradient of `right` from that of all its copies.
void deliver_to_right(Stream& stream, GradSink& sink, const Tensor& gradient, const Shape& right) {
    const Shape rows = rows_of(gradient.shape(), right);
    sink.deliver(stream, gradient.shape() == right
                             ? gradient
                             : sum_rows(stream, gradient.reshape(rows)).reshape(right));
}

template <class Backward>
Var combine(Context& context, ElementwiseFunction function, const char* name, const Var& left,
            const Var& right, Backward backward) {
    ELM_CHECK(ends_with(left.value.shape(), right.value.shape()),
              "{}: the right side has shape {}, expected the last axes of {}", name,
              to_string(right.value.shape()), to_string(left.value.shape()));
    return record(context, combine(context.stream, function, left.value, right.value),
                  {left, right}, std::move(backward));
}

}  // namespace

Var add(Context& context, const Var& left, const Var& right) {
    return combine(context, ElementwiseFunction::add, "add", left, right,
                   [shape = right.value.shape()](Stream& stream, const Tensor& gradient,
                                                 std::span<GradSink> sinks) {
                       sinks[0].deliver(stream, gradient);
                       if (!sinks[1].wanted()) return;
                       deliver_to_right(stream, sinks[1], gradient, shape);
                   });
}

Var subtract(Context& context, const Var& left, const Var& right) {
    return combine(context, ElementwiseFunction::subtract, "subtract", left, right,
                   [shape = right.value.shape()](Stream& stream, const Tensor& gradient,
                                                 std::span<GradSink> sinks) {
                       sinks[0].deliver(stream, gradient);
                       if (!sinks[1].wanted()) return;
                       deliver_to_right(stream, sinks[1], scaled(stream, gradient, -1), shape);
                   });
}

Var multiply(Context& context, const Var& left, const Var& right) {
    return combine(context, ElementwiseFunction::multiply, "multiply", left, right,
                   [left = left.value, right = right.value](Stream& stream, const Tensor& gradient,
                                                            std::span<GradSink> sinks) {
                       const auto times = [&](const Tensor& other) {
                           return combine(stream, ElementwiseFunction::multiply, gradient, other);
                       };
                       if (sinks[0].wanted()) sinks[0].deliver(stream, times(right));
                       if (!sinks[1].wanted()) return;
                       deliver_to_right(stream, sinks[1], times(left), right.shape());
                   });
}

Var scale(Context& context, const Var& input, double factor, double offset) {
    return record(context, scaled(context.stream, input.value, factor, offset), {input},
                  [factor](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
                      if (sinks[0].wanted())
                          sinks[0].deliver(stream, scaled(stream, gradient, factor));
                  });
}

}  // namespace elm

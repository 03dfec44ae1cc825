#include "kernels/autograd/context.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/attention/divide_by_last_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cpu, run_divide_by_last, DivideByLastArgs);
ELM_DEFINE_INSTANCES(Cpu, run_divide_by_last_backward, DivideByLastBackwardArgs);

Var divide_by_last(Context& context, const Var& rows, double epsilon) {
    const Shape shape = rows.value.shape();
    const int last = shape.rank() - 1;
    ELM_CHECK(last >= 0 && shape[last] > 1,
              "divide_by_last: rows have shape {}, expected at least two columns",
              to_string(shape));
    const Shape flat = as_rows(shape), result = as_rows(shape.with(last, shape[last] - 1));
    const Tensor quotients =
        Tensor::empty(context.stream, shape.with(last, shape[last] - 1), rows.value.dtype());
    visit_real(quotients.dtype(), [&]<class Real>(Real) {
        divide_by_last_kernel<Real>(
            context.stream, {view<const Real, 2>(rows.value.reshape(flat)),
                             static_cast<Real>(epsilon), view<Real, 2>(quotients.reshape(result))});
    });
    return record(
        context, quotients, {rows},
        [=, rows = rows.value](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
            const Tensor row_gradient = Tensor::empty(stream, shape, gradient.dtype());
            visit_real(gradient.dtype(), [&]<class Real>(Real) {
                divide_by_last_backward_kernel<Real>(
                    stream,
                    {view<const Real, 2>(rows.reshape(flat)),
                     view<const Real, 2>(quotients.reshape(result)),
                     view<const Real, 2>(gradient.reshape(result)), static_cast<Real>(epsilon),
                     view<Real, 2>(row_gradient.reshape(flat))});
            });
            sinks[0].deliver(stream, row_gradient);
        });
}

}  // namespace elm

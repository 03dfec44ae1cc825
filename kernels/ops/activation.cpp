#include "kernels/autograd/context.h"
#include "kernels/core/parallel.h"
#include "kernels/ops/activation_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cpu, run_activation, ActivationArgs);
ELM_DEFINE_INSTANCES(Cpu, run_activation_backward, ActivationBackwardArgs);

bool activation_keeps_output(Activation function) {
    bool result = false;
    visit_activation(function, [&]<class Function>(Function) { result = Function::keeps_output; });
    return result;
}

Var activate(Context& context, const Var& input, Activation function) {
    const Tensor& value = input.value;
    const std::int64_t count = value.shape().size();
    const Tensor output = Tensor::empty(context.stream, value.shape(), value.dtype());
    visit_real(output.dtype(), [&]<class Real>(Real) {
        activation_kernel<Real>(context.stream,
                                {function, view<const Real, 1>(value.reshape({count})),
                                 view<Real, 1>(output.reshape({count}))});
    });
    const Tensor kept = activation_keeps_output(function) ? output : value;
    return record(
        context, output, {input},
        [function, kept, count](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
            const Tensor result = Tensor::empty(stream, kept.shape(), kept.dtype());
            visit_real(result.dtype(), [&]<class Real>(Real) {
                activation_backward_kernel<Real>(
                    stream, {function, view<const Real, 1>(kept.reshape({count})),
                             view<const Real, 1>(gradient.reshape({count})),
                             view<Real, 1>(result.reshape({count}))});
            });
            sinks[0].deliver(stream, result);
        });
}

}  // namespace elm

#include "kernels/ops/scan/recurrent/leaky_scan.h"

#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/scan/recurrent/leaky_scan_body.h"

namespace elm {

template void run_leaky_scan<Cpu>(Stream&, const LeakyScanArgs<float>&);
template void run_leaky_scan<Cpu>(Stream&, const LeakyScanArgs<double>&);
template void run_leaky_scan_backward<Cpu>(Stream&, const LeakyScanBackwardArgs<float>&);
template void run_leaky_scan_backward<Cpu>(Stream&, const LeakyScanBackwardArgs<double>&);

namespace {

void backward(Stream& stream, const Tensor& memory, const Tensor& decay, const Tensor& initial,
              const Tensor& memory_gradient, std::span<GradSink> sinks) {
    const Tensor input_gradient = Tensor::empty(stream, memory.shape(), memory.dtype());
    const Tensor decay_gradient = Tensor::empty(stream, initial.shape(), memory.dtype());
    const Tensor initial_gradient = Tensor::empty(stream, initial.shape(), memory.dtype());
    visit_real(memory.dtype(), [&]<class Real>(Real) {
        leaky_scan_backward_kernel<Real>(
            stream,
            {view<const Real, 3>(memory), view<const Real, 1>(decay), view<const Real, 2>(initial),
             view<const Real, 3>(memory_gradient), view<Real, 3>(input_gradient),
             view<Real, 2>(decay_gradient), view<Real, 2>(initial_gradient)});
    });
    sinks[0].deliver(stream, input_gradient);
    if (sinks[1].wanted()) sinks[1].deliver(stream, sum_rows(stream, decay_gradient));
    sinks[2].deliver(stream, initial_gradient);
}

}  // namespace

Var leaky_scan(Context& context, const Var& input, const Var& decay, const Var& initial) {
    const auto [samples, steps, units] =
        require_rank<3>(input.value.shape(), "leaky_scan: input (batch, time, units)");
    require_shape(decay.value.shape(), {units}, "leaky_scan: decay (units)");
    require_shape(initial.value.shape(), {samples, units}, "leaky_scan: initial (batch, units)");

    const Tensor memory = Tensor::empty(context.stream, input.value.shape(), input.value.dtype());
    visit_real(memory.dtype(), [&]<class Real>(Real) {
        leaky_scan_kernel<Real>(context.stream,
                                {view<const Real, 3>(input.value), view<const Real, 1>(decay.value),
                                 view<const Real, 2>(initial.value), view<Real, 3>(memory)});
    });
    context.count(2 * memory.shape().size());
    return record(context, memory, {input, decay, initial},
                  [memory, decay = decay.value, initial = initial.value](
                      Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
                      backward(stream, memory, decay, initial, gradient, sinks);
                  });
}

}  // namespace elm

#include "kernels/autograd/context.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/basic/reverse_time_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cpu, run_reverse_time, ReverseTimeArgs);

namespace {

Tensor reversed(Stream& stream, const Tensor& input, const Tensor& lengths) {
    const Tensor result = Tensor::empty(stream, input.shape(), input.dtype());
    visit_real(input.dtype(), [&]<class Real>(Real) {
        reverse_time_kernel<Real>(stream,
                                  {view<const Real, 3>(input),
                                   lengths.defined() ? view<const std::int32_t, 1>(lengths)
                                                     : View<const std::int32_t, 1>{nullptr, {}},
                                   view<Real, 3>(result)});
    });
    return result;
}

}  // namespace

Var reverse_time(Context& context, const Var& input, const Tensor& lengths) {
    const Shape& shape = input.value.shape();
    const std::int64_t samples =
        require_rank<3>(shape, "reverse_time: input (batch, time, features)")[0];
    Tensor counts;
    if (lengths.defined()) {
        require_shape(lengths.shape(), {samples}, "reverse_time: lengths (batch)");
        counts = lengths.to(context.stream);
    }
    // The reverse of the reverse: the gradient goes the same way.
    return record(context, reversed(context.stream, input.value, counts), {input},
                  [counts](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
                      sinks[0].deliver(stream, reversed(stream, gradient, counts));
                  });
}

}  // namespace elm

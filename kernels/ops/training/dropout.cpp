#include "kernels/autograd/context.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/training/dropout_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cpu, run_dropout, DropoutArgs);

namespace {

Tensor masked(Stream& stream, const Tensor& input, const RandomKey& key, double keep_probability) {
    const std::int64_t count = input.shape().size();
    const Tensor output = Tensor::empty(stream, input.shape(), input.dtype());
    visit_real(output.dtype(), [&]<class Real>(Real) {
        dropout_kernel<Real>(stream, {view<const Real, 1>(input.reshape({count})), key,
                                      keep_probability, view<Real, 1>(output.reshape({count}))});
    });
    return output;
}

}  // namespace

Var dropout(Context& context, const Var& input, double rate) {
    ELM_CHECK(rate >= 0 && rate < 1, "dropout: the rate must be in [0, 1) (got {})", rate);
    if (!context.training || rate == 0) return input;
    const RandomKey key = context.next_key();
    const double keep_probability = 1 - rate;
    return record(
        context, masked(context.stream, input.value, key, keep_probability), {input},
        [key, keep_probability](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
            sinks[0].deliver(stream, masked(stream, gradient, key, keep_probability));
        });
}

}  // namespace elm

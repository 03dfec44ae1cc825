#include "kernels/ops/product/depthwise_convolution.h"

#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

constexpr std::int64_t into_past = -1, into_future = 1;

/// An undefined bias is none.
Tensor convolve(Stream& stream, const Tensor& signal, const Tensor& weight, const Tensor& bias,
                std::int64_t dilation, std::int64_t direction) {
    const Tensor result = Tensor::empty(stream, signal.shape(), signal.dtype());
    visit_real(result.dtype(), [&]<class Real>(Real) {
        const View<const Real, 1> no_bias{nullptr, {0}};
        depthwise_convolution_kernel<Real>(
            stream, {view<const Real, 3>(signal), view<const Real, 2>(weight),
                     bias.defined() ? view<const Real, 1>(bias) : no_bias, view<Real, 3>(result),
                     dilation, direction});
    });
    return result;
}

Tensor weight_gradient(Stream& stream, const Tensor& input, const Shape& weight,
                       const Tensor& gradient, std::int64_t dilation) {
    const std::int64_t batch = input.shape()[0];
    const Tensor of_samples =
        Tensor::empty(stream, {batch, weight[0], weight[1]}, gradient.dtype());
    visit_real(gradient.dtype(), [&]<class Real>(Real) {
        depthwise_weight_gradient_kernel<Real>(
            stream, {view<const Real, 3>(input), view<const Real, 3>(gradient),
                     view<Real, 3>(of_samples), dilation});
    });
    return sum_rows(stream, of_samples.reshape({batch, weight.size()})).reshape(weight);
}

}  // namespace

Var depthwise_convolution(Context& context, const Var& input, const Var& weight, const Var& bias,
                          std::int64_t dilation) {
    const std::int64_t features = require_rank<3>(
        input.value.shape(), "depthwise_convolution: input (batch, time, features)")[2];
    const char* const what = "depthwise_convolution: weight (features, width)";
    const std::int64_t width = require_rank<2>(weight.value.shape(), what)[1];
    require_shape(weight.value.shape(), {features, width}, what);
    require_shape(bias.value.shape(), {features}, "depthwise_convolution: bias (features)");
    ELM_CHECK(width >= 1 && dilation >= 1,
              "depthwise_convolution: width {} and dilation {}, expected at least 1", width,
              dilation);
    context.count(2 * input.value.shape().size() * width);
    return record(
        context,
        convolve(context.stream, input.value, weight.value, bias.value, dilation, into_past),
        {input, weight, bias},
        [x = input.value, w = weight.value, dilation](Stream& stream, const Tensor& gradient,
                                                      std::span<GradSink> sinks) {
            if (sinks[0].wanted()) {
                sinks[0].deliver(stream, convolve(stream, gradient, w, {}, dilation, into_future));
            }
            if (sinks[1].wanted()) {
                sinks[1].deliver(stream, weight_gradient(stream, x, w.shape(), gradient, dilation));
            }
            if (sinks[2].wanted()) {
                sinks[2].deliver(stream,
                                 sum_rows(stream, gradient.reshape(as_rows(gradient.shape()))));
            }
        });
}

}  // namespace elm

#include "kernels/ops/product/convolution.h"

#include <algorithm>
#include <limits>

#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

/// Samples that go into one part of the weight gradient: few parts if they are large.
std::int64_t samples_per_part(std::int64_t batch, std::int64_t weights) {
    constexpr std::int64_t most_parts = 64, most_elements = 1 << 22;
    const std::int64_t parts =
        std::clamp<std::int64_t>(most_elements / std::max<std::int64_t>(weights, 1), 1, most_parts);
    return std::max<std::int64_t>(1, (batch + parts - 1) / parts);
}

Tensor gradient_of_weight(Stream& stream, const Tensor& input, const Shape& weight,
                          const Tensor& gradient, std::int64_t dilation) {
    const std::int64_t batch = input.shape()[0];
    const std::int64_t samples = samples_per_part(batch, weight.size());
    const Tensor parts =
        Tensor::empty(stream, {(batch + samples - 1) / samples, weight[0], weight[1], weight[2]},
                      gradient.dtype());
    visit_real(parts.dtype(), [&]<class Real>(Real) {
        convolution_weight_gradient_kernel<Real>(
            stream, {view<const Real, 3>(input), view<const Real, 3>(gradient),
                     view<Real, 4>(parts), samples, dilation});
    });
    return sum_rows(stream, parts.reshape({parts.shape()[0], weight.size()})).reshape(weight);
}

Var apply(Context& context, const Var& input, const Var& weight, const Var* bias,
          std::int64_t dilation) {
    const auto [batch, time, in] =
        require_rank<3>(input.value.shape(), "convolution: input (batch, time, in)");
    const auto [out, weight_in, width] =
        require_rank<3>(weight.value.shape(), "convolution: weight (out, in, width)");
    require_shape(weight.value.shape(), {out, in, width}, "convolution: weight (out, in, width)");
    if (bias != nullptr) require_shape(bias->value.shape(), {out}, "convolution: bias (out)");
    ELM_CHECK(width >= 1 && dilation >= 1,
              "convolution: width {} and dilation {}, expected at least 1", width, dilation);
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
    ELM_CHECK(std::max(in, out) * width <= most,
              "convolution: weight has shape {}, a channel can have {} taps of others at most",
              to_string(weight.value.shape()), most);
    const Tensor output = Tensor::empty(context.stream, {batch, time, out}, input.value.dtype());
    context.count(2 * output.shape().size() * in * width);
    visit_real(output.dtype(), [&]<class Real>(Real) {
        const View<const Real, 1> no_bias{nullptr, {0}};
        convolution_kernel<Real>(
            context.stream, {view<const Real, 3>(input.value), view<const Real, 3>(weight.value),
                             bias == nullptr ? no_bias : view<const Real, 1>(bias->value),
                             view<Real, 3>(output), dilation});
    });
    const auto backward = [x = input.value, w = weight.value, dilation](
                              Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
        if (sinks[0].wanted()) {
            const Tensor result = Tensor::empty(stream, x.shape(), x.dtype());
            visit_real(result.dtype(), [&]<class Real>(Real) {
                convolution_input_gradient_kernel<Real>(
                    stream, {view<const Real, 3>(w), view<const Real, 3>(gradient),
                             view<Real, 3>(result), dilation});
            });
            sinks[0].deliver(stream, result);
        }
        if (sinks[1].wanted()) {
            sinks[1].deliver(stream, gradient_of_weight(stream, x, w.shape(), gradient, dilation));
        }
        if (sinks.size() > 2 && sinks[2].wanted()) {
            sinks[2].deliver(stream, sum_rows(stream, gradient.reshape(as_rows(gradient.shape()))));
        }
    };
    if (bias == nullptr) return record(context, output, {input, weight}, backward);
    return record(context, output, {input, weight, *bias}, backward);
}

}  // namespace

Var convolution(Context& context, const Var& input, const Var& weight, const Var& bias,
                std::int64_t dilation) {
    return apply(context, input, weight, &bias, dilation);
}

Var convolution(Context& context, const Var& input, const Var& weight, std::int64_t dilation) {
    return apply(context, input, weight, nullptr, dilation);
}

}  // namespace elm

#include "kernels/ops/spectral/convolution/long_convolution.h"

#include <cmath>

#include "kernels/autograd/context.h"
#include "kernels/ops/spectral/convolution/long_convolution_length.h"

namespace elm {
namespace {

void backward(Stream& stream, const Tensor& input, const Tensor& filter, const Tensor& gradient,
              std::span<GradSink> sinks) {
    const Tensor input_gradient = Tensor::empty(stream, input.shape(), input.dtype());
    const bool wanted = sinks[1].wanted();
    const Tensor filter_gradient =
        wanted ? Tensor::empty(stream, filter.shape(), filter.dtype()) : Tensor{};
    visit_real(input.dtype(), [&]<class Real>(Real) {
        long_convolution_backward_kernel<Real>(
            stream, {.input = view<const Real, 3>(input),
                     .filter = view<const Real, 2>(filter),
                     .output_gradient = view<const Real, 3>(gradient),
                     .input_gradient = view<Real, 3>(input_gradient),
                     .filter_gradient =
                         wanted ? view<Real, 2>(filter_gradient) : View<Real, 2>{nullptr, {}}});
    });
    sinks[0].deliver(stream, input_gradient);
    if (wanted) sinks[1].deliver(stream, filter_gradient);
}

}  // namespace

Var long_convolution(Context& context, const Var& input, const Var& filter) {
    const std::int64_t features =
        require_rank<3>(input.value.shape(), "long_convolution: input (batch, time, features)")[2];
    const std::int64_t length =
        require_rank<2>(filter.value.shape(), "long_convolution: filter (length, features)")[0];
    require_shape(filter.value.shape(), {length, features},
                  "long_convolution: filter (length, features)");
    const Tensor output = Tensor::empty(context.stream, input.value.shape(), input.value.dtype());
    visit_real(output.dtype(), [&]<class Real>(Real) {
        long_convolution_kernel<Real>(context.stream, {.input = view<const Real, 3>(input.value),
                                                       .filter = view<const Real, 2>(filter.value),
                                                       .output = view<Real, 3>(output)});
    });
    if (context.operations != nullptr) {
        const std::int64_t samples = output.shape()[0] * features;
        context.count(static_cast<double>(samples) * long_convolution_flops(output.shape()[1]));
    }
    return record(context, output, {input, filter},
                  [input = input.value, filter = filter.value](
                      Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
                      backward(stream, input, filter, gradient, sinks);
                  });
}

double long_convolution_flops(std::int64_t steps) {
    const auto points = static_cast<double>(transform_points(steps));
    return points * (10 * std::log2(points) + 6 + 4);
}

}  // namespace elm

#include "kernels/ops/convolution.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "kernels/autograd/context.h"
#include "kernels/core/check.h"
#include "kernels/core/host_product.h"
#include "kernels/core/parallel.h"
#include "kernels/core/sum.h"

namespace elm {
namespace {

/// Steps between the present and what tap `tap` of `width` meets.
std::int64_t lag_of(std::int64_t tap, std::int64_t width, std::int64_t dilation) {
    return (width - 1 - tap) * dilation;
}

/// weight (out, in, width) → (width, out, in), so that each tap is a matrix.
template <class Real>
std::vector<Real> taps_of(const View<const Real, 3>& weight) {
    const auto [out, in, width] = weight.extent;
    std::vector<Real> taps;
    taps.reserve(static_cast<std::size_t>(weight.size()));
    for (std::int64_t k = 0; k < width; ++k) {
        for (std::int64_t i = 0; i < out * in; ++i) taps.push_back(weight.data[i * width + k]);
    }
    return taps;
}

/// The steps of sample `sample` from `first_step` on.
template <class Real>
Real* steps_of(const View<Real, 3>& signal, std::int64_t sample, std::int64_t first_step) {
    return signal.data + (sample * signal.extent[1] + first_step) * signal.extent[2];
}

template <class Real>
void convolve(const ConvolutionArgs<Real>& args) {
    const std::int64_t out = args.weight.extent[0], in = args.weight.extent[1];
    const std::int64_t width = args.weight.extent[2], time = args.input.extent[1];
    const std::vector<Real> taps = taps_of(args.weight);
    Cpu::for_each_task(args.input.extent[0], [&](std::int64_t sample) {
        for (std::int64_t t = 0; t < time; ++t) {
            Real* const row = steps_of(args.output, sample, t);
            if (args.bias.data == nullptr) {
                std::fill_n(row, out, Real(0));
            } else {
                std::copy_n(args.bias.data, out, row);
            }
        }
        for (std::int64_t k = 0; k < width; ++k) {
            const std::int64_t lag = lag_of(k, width, args.dilation);
            if (lag >= time) continue;
            add_product<Real>(time - lag, out, in, {steps_of(args.input, sample, 0), in},
                              {taps.data() + k * out * in, in, true},
                              steps_of(args.output, sample, lag), out);
        }
    });
}

template <class Real>
void input_gradient(const ConvolutionInputGradientArgs<Real>& args) {
    const std::int64_t out = args.weight.extent[0], in = args.weight.extent[1];
    const std::int64_t width = args.weight.extent[2], time = args.input_gradient.extent[1];
    const std::vector<Real> taps = taps_of(args.weight);
    Cpu::for_each_task(args.input_gradient.extent[0], [&](std::int64_t sample) {
        std::fill_n(steps_of(args.input_gradient, sample, 0), time * in, Real(0));
        for (std::int64_t k = 0; k < width; ++k) {
            const std::int64_t lag = lag_of(k, width, args.dilation);
            if (lag >= time) continue;
            add_product<Real>(
                time - lag, in, out, {steps_of(args.output_gradient, sample, lag), out},
                {taps.data() + k * out * in, in}, steps_of(args.input_gradient, sample, 0), in);
        }
    });
}

template <class Real>
void weight_gradient(const ConvolutionWeightGradientArgs<Real>& args) {
    const std::int64_t out = args.parts.extent[1], in = args.parts.extent[2];
    const std::int64_t width = args.parts.extent[3];
    const std::int64_t batch = args.input.extent[0], time = args.input.extent[1];
    // A task is one tap of one part; its matrix is spread over the part at the end.
    Cpu::for_each_task(args.parts.extent[0] * width, [&](std::int64_t task) {
        const std::int64_t part = task / width, k = task % width;
        const std::int64_t lag = lag_of(k, width, args.dilation);
        const std::int64_t first = part * args.samples_per_part;
        const std::int64_t end = std::min(batch, first + args.samples_per_part);
        std::vector<Real> tap(static_cast<std::size_t>(out * in), Real(0));
        for (std::int64_t sample = first; sample < end && lag < time; ++sample) {
            add_product<Real>(out, in, time - lag,
                              {steps_of(args.output_gradient, sample, lag), out, true},
                              {steps_of(args.input, sample, 0), in}, tap.data(), in);
        }
        Real* const result = args.parts.data + part * out * in * width + k;
        for (std::int64_t i = 0; i < out * in; ++i) {
            result[i * width] = tap[static_cast<std::size_t>(i)];
        }
    });
}

}  // namespace

template <>
void run_convolution<Cpu, float>(Stream&, const ConvolutionArgs<float>& args) {
    convolve(args);
}
template <>
void run_convolution<Cpu, double>(Stream&, const ConvolutionArgs<double>& args) {
    convolve(args);
}
template <>
void run_convolution_input_gradient<Cpu, float>(Stream&,
                                                const ConvolutionInputGradientArgs<float>& args) {
    input_gradient(args);
}
template <>
void run_convolution_input_gradient<Cpu, double>(Stream&,
                                                 const ConvolutionInputGradientArgs<double>& args) {
    input_gradient(args);
}
template <>
void run_convolution_weight_gradient<Cpu, float>(Stream&,
                                                 const ConvolutionWeightGradientArgs<float>& args) {
    weight_gradient(args);
}
template <>
void run_convolution_weight_gradient<Cpu, double>(
    Stream&, const ConvolutionWeightGradientArgs<double>& args) {
    weight_gradient(args);
}

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

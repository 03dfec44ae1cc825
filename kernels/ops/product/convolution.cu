#include "kernels/ops/product/convolution.h"

#include "kernels/ops/product/product_tile.cuh"

// Each is a product of matrices whose elements are looked up: rows or inner indices are steps of
// all samples, and the other index is a channel with a tap.

namespace elm {
namespace {

/// signal[step + offset][channel] within the sample of `step`, or 0 outside of it.
template <class Real>
__device__ Real shifted(const View<const Real, 3>& signal, std::int64_t step, std::int64_t offset,
                        std::int64_t channel) {
    const std::int64_t time = signal.extent[1], channels = signal.extent[2];
    const std::int64_t t = step % time + offset;
    return t >= 0 && t < time ? signal.data[(step + offset) * channels + channel] : Real(0);
}

/// channel * width + tap, taken apart; in 32 bits, where a division is fast.
struct ChannelTap {
    std::int64_t channel, tap;
};
__device__ inline ChannelTap split(std::int64_t index, std::int64_t width) {
    const auto number = static_cast<std::uint32_t>(index), taps = static_cast<std::uint32_t>(width);
    return {number / taps, number % taps};
}

/// Rows: steps; inner: in * width + tap; columns: out.
template <class Real>
struct OutputProblem {
    ConvolutionArgs<Real> args;
    static constexpr bool left_along_inner = true, right_along_inner = true;

    __device__ InnerRange inner(std::int64_t) const {
        return {0, args.weight.extent[1] * args.weight.extent[2]};
    }
    __device__ Real left(std::int64_t, std::int64_t step, std::int64_t k) const {
        const std::int64_t width = args.weight.extent[2];
        const auto [in, tap] = split(k, width);
        return shifted(args.input, step, -(width - 1 - tap) * args.dilation, in);
    }
    __device__ Real right(std::int64_t, std::int64_t k, std::int64_t out) const {
        return args.weight.data[out * args.weight.extent[1] * args.weight.extent[2] + k];
    }
    __device__ void store(std::int64_t, std::int64_t step, std::int64_t out, Real sum) const {
        args.output.data[step * args.weight.extent[0] + out] =
            args.bias.data == nullptr ? sum : sum + args.bias(out);
    }
};

/// Rows: steps; inner: out * width + tap; columns: in.
template <class Real>
struct InputGradientProblem {
    ConvolutionInputGradientArgs<Real> args;
    static constexpr bool left_along_inner = true, right_along_inner = true;

    __device__ InnerRange inner(std::int64_t) const {
        return {0, args.weight.extent[0] * args.weight.extent[2]};
    }
    __device__ Real left(std::int64_t, std::int64_t step, std::int64_t k) const {
        const std::int64_t width = args.weight.extent[2];
        const auto [out, tap] = split(k, width);
        return shifted(args.output_gradient, step, (width - 1 - tap) * args.dilation, out);
    }
    __device__ Real right(std::int64_t, std::int64_t k, std::int64_t in) const {
        const auto [out, tap] = split(k, args.weight.extent[2]);
        return args.weight(out, in, tap);
    }
    __device__ void store(std::int64_t, std::int64_t step, std::int64_t in, Real sum) const {
        args.input_gradient.data[step * args.weight.extent[1] + in] = sum;
    }
};

/// Slices: parts; rows: out; inner: steps of the samples of a part; columns: in * width + tap.
template <class Real>
struct WeightGradientProblem {
    ConvolutionWeightGradientArgs<Real> args;
    static constexpr bool left_along_inner = false, right_along_inner = false;

    __device__ InnerRange inner(std::int64_t part) const {
        const std::int64_t steps = args.input.extent[0] * args.input.extent[1];
        const std::int64_t per_part = args.samples_per_part * args.input.extent[1];
        const std::int64_t end = (part + 1) * per_part;
        return {part * per_part, end < steps ? end : steps};
    }
    __device__ Real left(std::int64_t, std::int64_t out, std::int64_t step) const {
        return args.output_gradient.data[step * args.output_gradient.extent[2] + out];
    }
    __device__ Real right(std::int64_t, std::int64_t step, std::int64_t column) const {
        const std::int64_t width = args.parts.extent[3];
        const auto [in, tap] = split(column, width);
        return shifted(args.input, step, -(width - 1 - tap) * args.dilation, in);
    }
    __device__ void store(std::int64_t part, std::int64_t out, std::int64_t column,
                          Real sum) const {
        const std::int64_t columns = args.parts.extent[2] * args.parts.extent[3];
        args.parts.data[(part * args.parts.extent[1] + out) * columns + column] = sum;
    }
};

template <class Real>
void launch_output(Stream& stream, const ConvolutionArgs<Real>& args) {
    const ProductShape shape{1, args.output.extent[0] * args.output.extent[1],
                             args.output.extent[2]};
    launch_product<Real>(stream, "convolution", shape, OutputProblem<Real>{args});
}

template <class Real>
void launch_input_gradient(Stream& stream, const ConvolutionInputGradientArgs<Real>& args) {
    const auto& extent = args.input_gradient.extent;
    launch_product<Real>(stream, "convolution_input_gradient",
                         {1, extent[0] * extent[1], extent[2]}, InputGradientProblem<Real>{args});
}

template <class Real>
void launch_weight_gradient(Stream& stream, const ConvolutionWeightGradientArgs<Real>& args) {
    const auto& extent = args.parts.extent;
    launch_product<Real>(stream, "convolution_weight_gradient",
                         {extent[0], extent[1], extent[2] * extent[3]},
                         WeightGradientProblem<Real>{args});
}

}  // namespace

template <>
void run_convolution<Cuda, float>(Stream& stream, const ConvolutionArgs<float>& args) {
    launch_output(stream, args);
}
template <>
void run_convolution<Cuda, double>(Stream& stream, const ConvolutionArgs<double>& args) {
    launch_output(stream, args);
}
template <>
void run_convolution_input_gradient<Cuda, float>(Stream& stream,
                                                 const ConvolutionInputGradientArgs<float>& args) {
    launch_input_gradient(stream, args);
}
template <>
void run_convolution_input_gradient<Cuda, double>(
    Stream& stream, const ConvolutionInputGradientArgs<double>& args) {
    launch_input_gradient(stream, args);
}
template <>
void run_convolution_weight_gradient<Cuda, float>(
    Stream& stream, const ConvolutionWeightGradientArgs<float>& args) {
    launch_weight_gradient(stream, args);
}
template <>
void run_convolution_weight_gradient<Cuda, double>(
    Stream& stream, const ConvolutionWeightGradientArgs<double>& args) {
    launch_weight_gradient(stream, args);
}

}  // namespace elm

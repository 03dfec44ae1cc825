#include "kernels/ops/product/spike_convolution.h"

#include "kernels/core/cuda/parallel.cuh"

namespace elm {
namespace {

/// A row is one step of one sample; neighbouring threads read neighbouring weights.
template <class Real>
struct GatherOneElement {
    SpikeConvolutionArgs<Real> args;

    __device__ void operator()(std::int64_t row, std::int64_t output) const {
        // Rows fit 32 bits, as row_begin does.
        const auto time = static_cast<std::int32_t>(args.output.extent[1]);
        const auto taps = static_cast<std::int32_t>(args.weight.extent[1]);
        const std::int32_t t = static_cast<std::int32_t>(row) % time;
        const std::int64_t outputs = args.output.extent[2];
        Real sum = args.bias.data == nullptr ? Real(0) : args.bias(output);
        for (std::int32_t k = t < taps - 1 ? t : taps - 1; k >= 0; --k) {
            const std::int32_t* const begin = args.row_begin.data + (row - k);
            for (std::int32_t at = begin[0]; at < begin[1]; ++at) {
                const std::int64_t unit = args.units(at);
                const Real sign = args.unit_sign.data == nullptr ? Real(1) : args.unit_sign(unit);
                sum += sign * args.weight.data[(unit * taps + k) * outputs + output];
            }
        }
        args.output.data[row * outputs + output] = sum;
    }
};

/// Called with the tap and the output in one index.
template <class Real>
struct SumOneWeight {
    SpikeWeightGradientArgs<Real> args;

    __device__ void operator()(std::int64_t unit, std::int64_t tap_output) const {
        const auto time = static_cast<std::int32_t>(args.output_gradient.extent[1]);
        const std::int64_t outputs = args.output_gradient.extent[2];
        Real sum = 0;
        for (std::int32_t at = args.unit_begin(unit); at < args.unit_begin(unit + 1); ++at) {
            const std::int32_t row = args.rows(at), steps_left = time - row % time;
            if (tap_output >= steps_left * outputs) continue;
            sum += args.output_gradient.data[row * outputs + tap_output];
        }
        const Real sign = args.unit_sign.data == nullptr ? Real(1) : args.unit_sign(unit);
        const std::int64_t width = args.weight_gradient.extent[1] * outputs;
        args.weight_gradient.data[unit * width + tap_output] = sign * sum;
    }
};

template <class Real>
void convolve(Stream& stream, const SpikeConvolutionArgs<Real>& args) {
    const auto& extent = args.output.extent;
    Cuda::for_each_element(stream, extent[0] * extent[1], extent[2], GatherOneElement<Real>{args});
}

template <class Real>
void weight_gradient(Stream& stream, const SpikeWeightGradientArgs<Real>& args) {
    const auto& extent = args.weight_gradient.extent;
    Cuda::for_each_element(stream, extent[0], extent[1] * extent[2], SumOneWeight<Real>{args});
}

}  // namespace

template <>
void run_spike_convolution<Cuda, float>(Stream& stream, const SpikeConvolutionArgs<float>& args) {
    convolve(stream, args);
}
template <>
void run_spike_convolution<Cuda, double>(Stream& stream, const SpikeConvolutionArgs<double>& args) {
    convolve(stream, args);
}
template <>
void run_spike_weight_gradient<Cuda, float>(Stream& stream,
                                            const SpikeWeightGradientArgs<float>& args) {
    weight_gradient(stream, args);
}
template <>
void run_spike_weight_gradient<Cuda, double>(Stream& stream,
                                             const SpikeWeightGradientArgs<double>& args) {
    weight_gradient(stream, args);
}

}  // namespace elm

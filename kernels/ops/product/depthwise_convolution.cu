#include "kernels/ops/product/depthwise_convolution.h"

#include "kernels/core/cuda/parallel.cuh"

namespace elm {
namespace {

/// A row is one step of one sample.
template <class Real>
struct ConvolveOneStep {
    DepthwiseConvolutionArgs<Real> args;

    template <class Row>
    ELM_HD void operator()(const Row& along, std::int64_t row) const {
        const std::int64_t time = args.signal.extent[1], features = args.signal.extent[2];
        const std::int64_t width = args.weight.extent[1], t = row % time;
        const std::int64_t steps = args.direction < 0 ? t : time - 1 - t;  // as far as one can look
        const std::int64_t most_lags = steps / args.dilation;
        const std::int64_t lags = most_lags < width - 1 ? most_lags : width - 1;
        const std::int64_t next_lag = args.direction * args.dilation * features;
        const Real* const present = args.signal.data + row * features;
        along.for_each(features, [&](std::int64_t feature) {
            const Real* const weight = args.weight.data + (feature + 1) * width - 1;
            Real sum = args.bias.data == nullptr ? Real(0) : args.bias(feature);
            for (std::int64_t lag = 0; lag <= lags; ++lag) {
                sum += weight[-lag] * present[feature + lag * next_lag];
            }
            args.result.data[row * features + feature] = sum;
        });
    }
};

/// Called with the feature and the tap in one index.
template <class Real>
struct DepthwiseWeightGradientOfOneTap {
    DepthwiseWeightGradientArgs<Real> args;

    ELM_HD void operator()(std::int64_t sample, std::int64_t feature_tap) const {
        const std::int64_t time = args.input.extent[1], width = args.gradients.extent[2];
        const std::int64_t feature = feature_tap / width, k = feature_tap % width;
        const std::int64_t lag = (width - 1 - k) * args.dilation;
        Real sum = 0;
        for (std::int64_t t = lag; t < time; ++t) {
            sum += args.output_gradient(sample, t, feature) * args.input(sample, t - lag, feature);
        }
        args.gradients(sample, feature, k) = sum;
    }
};

template <class Real>
void convolve(Stream& stream, const DepthwiseConvolutionArgs<Real>& args) {
    const auto& extent = args.result.extent;
    Cuda::for_each_row(stream, extent[0] * extent[1], extent[2], ConvolveOneStep<Real>{args});
}

template <class Real>
void weight_gradient(Stream& stream, const DepthwiseWeightGradientArgs<Real>& args) {
    const auto& extent = args.gradients.extent;
    Cuda::for_each_element(stream, extent[0], extent[1] * extent[2],
                           DepthwiseWeightGradientOfOneTap<Real>{args});
}

}  // namespace

template <>
void run_depthwise_convolution<Cuda, float>(Stream& stream,
                                            const DepthwiseConvolutionArgs<float>& args) {
    convolve(stream, args);
}
template <>
void run_depthwise_convolution<Cuda, double>(Stream& stream,
                                             const DepthwiseConvolutionArgs<double>& args) {
    convolve(stream, args);
}
template <>
void run_depthwise_weight_gradient<Cuda, float>(Stream& stream,
                                                const DepthwiseWeightGradientArgs<float>& args) {
    weight_gradient(stream, args);
}
template <>
void run_depthwise_weight_gradient<Cuda, double>(Stream& stream,
                                                 const DepthwiseWeightGradientArgs<double>& args) {
    weight_gradient(stream, args);
}

}  // namespace elm

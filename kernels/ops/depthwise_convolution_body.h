#pragma once

#include "kernels/ops/depthwise_convolution.h"

namespace elm {

/// Called with the sample and the step in one index.
template <class Real>
struct ConvolveOneElement {
    DepthwiseConvolutionArgs<Real> args;

    ELM_HD void operator()(std::int64_t sample_step, std::int64_t feature) const {
        const std::int64_t time = args.signal.extent[1], width = args.weight.extent[1];
        const std::int64_t sample = sample_step / time, t = sample_step % time;
        Real sum = args.bias.data == nullptr ? Real(0) : args.bias(feature);
        for (std::int64_t k = 0; k < width; ++k) {
            const std::int64_t at = t + args.direction * (width - 1 - k) * args.dilation;
            if (at < 0 || at >= time) continue;
            sum += args.weight(feature, k) * args.signal(sample, at, feature);
        }
        args.result(sample, t, feature) = sum;
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

template <class Backend, class Real>
void run_depthwise_convolution(Stream& stream, const DepthwiseConvolutionArgs<Real>& args) {
    const auto& extent = args.result.extent;
    Backend::for_each_element(stream, extent[0] * extent[1], extent[2],
                              ConvolveOneElement<Real>{args});
}

template <class Backend, class Real>
void run_depthwise_weight_gradient(Stream& stream, const DepthwiseWeightGradientArgs<Real>& args) {
    const auto& extent = args.gradients.extent;
    Backend::for_each_element(stream, extent[0], extent[1] * extent[2],
                              DepthwiseWeightGradientOfOneTap<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_depthwise_convolution, DepthwiseConvolutionArgs);
ELM_DECLARE_CUDA_INSTANCES(run_depthwise_weight_gradient, DepthwiseWeightGradientArgs);

}  // namespace elm

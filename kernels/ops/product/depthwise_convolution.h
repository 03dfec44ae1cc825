#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/tensor.h"

namespace elm {

struct Context;
struct Var;

/// result[b][t][f] = bias[f] + sum over k of weight[f][k] signal[b][t + direction (width-1-k)
/// dilation][f], with zeros outside of the steps. Direction -1 looks at the past and is the causal
/// convolution; +1 looks at the future and is what its gradient needs.
/// Shapes: signal, result (batch, time, features); weight (features, width); bias (features), or no
/// data.
template <class Real>
struct DepthwiseConvolutionArgs {
    View<const Real, 3> signal;
    View<const Real, 2> weight;
    View<const Real, 1> bias;
    View<Real, 3> result;
    std::int64_t dilation;
    std::int64_t direction;
};

/// gradients[b][f][k] = sum over t of output_gradient[b][t][f] input[b][t - (width-1-k)
/// dilation][f]. Shapes: input, output_gradient (batch, time, features); gradients (batch,
/// features, width).
template <class Real>
struct DepthwiseWeightGradientArgs {
    View<const Real, 3> input;
    View<const Real, 3> output_gradient;
    View<Real, 3> gradients;
    std::int64_t dilation;
};

template <class Backend, class Real>
void run_depthwise_convolution(Stream& stream, const DepthwiseConvolutionArgs<Real>& args);
template <class Backend, class Real>
void run_depthwise_weight_gradient(Stream& stream, const DepthwiseWeightGradientArgs<Real>& args);

template <class Real>
inline constexpr Kernel<DepthwiseConvolutionArgs<Real>> depthwise_convolution_kernel{
    "depthwise_convolution", &run_depthwise_convolution<Cpu, Real>,
    ELM_IF_CUDA((&run_depthwise_convolution<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<DepthwiseWeightGradientArgs<Real>> depthwise_weight_gradient_kernel{
    "depthwise_weight_gradient", &run_depthwise_weight_gradient<Cpu, Real>,
    ELM_IF_CUDA((&run_depthwise_weight_gradient<Cuda, Real>))};

/// A causal convolution along time of each feature with its own weights, whose last one meets the
/// present step. Throws Error{invalid} naming the argument whose shape does not fit, and for a
/// width or dilation below 1.
Var depthwise_convolution(Context& context, const Var& input, const Var& weight, const Var& bias,
                          std::int64_t dilation = 1);

}  // namespace elm

#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/tensor.h"

namespace elm {

struct Context;
struct Var;

// A causal convolution along time: tap `width - 1` meets the present step, tap k the one that is
// (width - 1 - k) dilation steps earlier; before the first step there are zeros.

/// output[b][t][o] = bias[o] + sum over i, k of weight[o][i][k] input[b][t - (width-1-k)
/// dilation][i]. Shapes: input (batch, time, in); weight (out, in, width); bias (out), or no data;
/// output (batch, time, out).
template <class Real>
struct ConvolutionArgs {
    View<const Real, 3> input;
    View<const Real, 3> weight;
    View<const Real, 1> bias;
    View<Real, 3> output;
    std::int64_t dilation;
};

/// input_gradient[b][t][i] = sum over o, k of weight[o][i][k] output_gradient[b][t + (width-1-k)
/// dilation][o]. Shapes as above.
template <class Real>
struct ConvolutionInputGradientArgs {
    View<const Real, 3> weight;
    View<const Real, 3> output_gradient;
    View<Real, 3> input_gradient;
    std::int64_t dilation;
};

/// parts[p][o][i][k] = sum over the samples b of part p, and t, of output_gradient[b][t][o]
/// input[b][t - (width-1-k) dilation][i]. Shapes: parts (parts, out, in, width); part p has the
/// samples from p samples_per_part on.
template <class Real>
struct ConvolutionWeightGradientArgs {
    View<const Real, 3> input;
    View<const Real, 3> output_gradient;
    View<Real, 4> parts;
    std::int64_t samples_per_part;
    std::int64_t dilation;
};

template <class Backend, class Real>
void run_convolution(Stream& stream, const ConvolutionArgs<Real>& args);
template <class Backend, class Real>
void run_convolution_input_gradient(Stream& stream, const ConvolutionInputGradientArgs<Real>& args);
template <class Backend, class Real>
void run_convolution_weight_gradient(Stream& stream,
                                     const ConvolutionWeightGradientArgs<Real>& args);

template <class Real>
inline constexpr Kernel<ConvolutionArgs<Real>> convolution_kernel{
    "convolution", &run_convolution<Cpu, Real>, ELM_IF_CUDA((&run_convolution<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<ConvolutionInputGradientArgs<Real>> convolution_input_gradient_kernel{
    "convolution_input_gradient", &run_convolution_input_gradient<Cpu, Real>,
    ELM_IF_CUDA((&run_convolution_input_gradient<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<ConvolutionWeightGradientArgs<Real>> convolution_weight_gradient_kernel{
    "convolution_weight_gradient", &run_convolution_weight_gradient<Cpu, Real>,
    ELM_IF_CUDA((&run_convolution_weight_gradient<Cuda, Real>))};

/// Differentiable form, with or without a bias. On the CPU, wide and long ones are sums and
/// differences of shorter ones (partial_convolutions.h), whose rounding errors are up to a few
/// times as large. Throws Error{invalid} naming the argument whose shape does not fit, and for a
/// width or dilation below 1.
Var convolution(Context& context, const Var& input, const Var& weight, const Var& bias,
                std::int64_t dilation = 1);
Var convolution(Context& context, const Var& input, const Var& weight, std::int64_t dilation = 1);

}  // namespace elm

#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/tensor.h"

namespace elm {

struct Context;
struct SpikeTrain;
struct Var;

// A causal convolution along time of sparse spikes. A spike of unit u at step s adds the row
// weight[u], all taps and outputs, to the steps s, s + 1, ... of the output: one piece of memory to
// another, at a cost of spikes x taps x outputs whatever the number of units.

/// output[b][t][o] = bias[o] + sum over k and the spikes of sample b at step t - k, of unit u, of
/// unit_sign[u] weight[u][k][o]; before the first step there are no spikes. Shapes: row_begin
/// (batch time + 1), units (spikes): a SpikeTrain; unit_sign (units), or no data for 1; weight
/// (units, taps, outputs); bias (outputs), or no data for 0; output (batch, time, outputs).
template <class Real>
struct SpikeConvolutionArgs {
    View<const std::int32_t, 1> row_begin;
    View<const std::int32_t, 1> units;
    View<const Real, 1> unit_sign;
    View<const Real, 3> weight;
    View<const Real, 1> bias;
    View<Real, 3> output;
};

/// weight_gradient[u][k][o] = unit_sign[u] times the sum over the spikes of unit u, at step s of
/// sample b, of output_gradient[b][s + k][o], added in the order of samples and steps. Shapes as
/// above; the spikes of unit u are rows[unit_begin[u]] to rows[unit_begin[u + 1] - 1], each b time
/// + s.
template <class Real>
struct SpikeWeightGradientArgs {
    View<const std::int32_t, 1> unit_begin;
    View<const std::int32_t, 1> rows;
    View<const Real, 1> unit_sign;
    View<const Real, 3> output_gradient;
    View<Real, 3> weight_gradient;
};

template <class Backend, class Real>
void run_spike_convolution(Stream& stream, const SpikeConvolutionArgs<Real>& args);
template <class Backend, class Real>
void run_spike_weight_gradient(Stream& stream, const SpikeWeightGradientArgs<Real>& args);

template <class Real>
inline constexpr Kernel<SpikeConvolutionArgs<Real>> spike_convolution_kernel{
    "spike_convolution", &run_spike_convolution<Cpu, Real>,
    ELM_IF_CUDA((&run_spike_convolution<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<SpikeWeightGradientArgs<Real>> spike_weight_gradient_kernel{
    "spike_weight_gradient", &run_spike_weight_gradient<Cpu, Real>,
    ELM_IF_CUDA((&run_spike_weight_gradient<Cuda, Real>))};

/// Spikes as the input of a layer, and what a spike of each unit counts, such as -1 for inhibition:
/// (units), of the layer's type and on its device; undefined for 1 everywhere. Both are only read
/// during the call.
struct SpikeInput {
    const SpikeTrain& spikes;
    Tensor unit_sign = {};
};

/// Differentiable in weight (units, taps, outputs) and bias (outputs); result (batch, time,
/// outputs). Tap 0 is the present step. With one tap this is a fully connected layer.
/// Throws Error{invalid} naming the argument whose shape does not fit, Error{data} for a broken
/// spike train.
Var spike_convolution(Context& context, const SpikeInput& input, const Var& weight,
                      const Var& bias);
Var spike_convolution(Context& context, const SpikeInput& input, const Var& weight);

}  // namespace elm

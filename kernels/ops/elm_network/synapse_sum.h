#pragma once

#include "kernels/core/kernel.h"
#include "kernels/ops/elm_network/synapses.h"

/// What the synapses of a layer's branches pass on of an input: output[s][t][r] = sum over the
/// synapses i of row r of weight[i] gain[s][source[i]] input[s][t][source[i]].
namespace elm {

struct Context;
struct SpikeTrain;
struct Var;

/// Shapes: input (batch, time, sources); gain (batch, sources); weight (synapses); output (batch,
/// time, rows).
template <class Real>
struct SynapseSumArgs {
    SynapsesView synapses;
    View<const Real, 3> input;
    View<const Real, 2> gain;
    View<const Real, 1> weight;
    View<Real, 3> output;
};

/// Shapes: output_gradient (batch, time, rows); input_gradient (batch, time, sources).
template <class Real>
struct SynapseInputGradientArgs {
    SynapsesView synapses;
    View<const Real, 2> gain;
    View<const Real, 1> weight;
    View<const Real, 3> output_gradient;
    View<Real, 3> input_gradient;
};

/// Shapes: weight_gradient (batch, synapses), the sum over the steps of each sample.
template <class Real>
struct SynapseWeightGradientArgs {
    SynapsesView synapses;
    View<const Real, 3> input;
    View<const Real, 2> gain;
    View<const Real, 3> output_gradient;
    View<Real, 2> weight_gradient;
};

template <class Backend, class Real>
void run_synapse_sum(Stream& stream, const SynapseSumArgs<Real>& args);
template <class Backend, class Real>
void run_synapse_input_gradient(Stream& stream, const SynapseInputGradientArgs<Real>& args);
template <class Backend, class Real>
void run_synapse_weight_gradient(Stream& stream, const SynapseWeightGradientArgs<Real>& args);

template <class Real>
inline constexpr Kernel<SynapseSumArgs<Real>> synapse_sum_kernel{
    "synapse_sum", &run_synapse_sum<Cpu, Real>, ELM_IF_CUDA((&run_synapse_sum<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<SynapseInputGradientArgs<Real>> synapse_input_gradient_kernel{
    "synapse_input_gradient", &run_synapse_input_gradient<Cpu, Real>,
    ELM_IF_CUDA((&run_synapse_input_gradient<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<SynapseWeightGradientArgs<Real>> synapse_weight_gradient_kernel{
    "synapse_weight_gradient", &run_synapse_weight_gradient<Cpu, Real>,
    ELM_IF_CUDA((&run_synapse_weight_gradient<Cuda, Real>))};

/// (batch, time, sources) → (batch, time, rows); differentiable in input and weight (synapses).
/// `gain` (batch, sources) may be undefined for 1 everywhere. Throws Error{invalid} naming the
/// argument that does not fit.
Var synapse_sum(Context& context, const Synapses& synapses, const Var& input, const Var& weight,
                const Tensor& gain = {});
/// The same for spikes, each of which counts 1. On the CPU the cost follows the spikes; on other
/// devices their counts are taken as dense input.
Var synapse_sum(Context& context, const Synapses& synapses, const SpikeTrain& spikes,
                const Var& weight, const Tensor& gain = {});

}  // namespace elm

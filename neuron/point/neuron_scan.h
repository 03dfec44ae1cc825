#pragma once

#include "kernels/autograd/variable.h"
#include "kernels/core/kernel.h"
#include "neuron/point/surrogate.h"

namespace elm {

struct Context;

/// How a neuron spikes and what its gradient does.
template <class Real>
struct SpikeRuleOf {
    SurrogateOf<Real> surrogate = {};
    std::int32_t refractory_steps = 0;  // after a spike
    bool detach_reset = false;          // no gradient through the spike in the reset
    bool smooth = false;                // spikes are the surrogate's smooth step, not 0 or 1
};
using SpikeRule = SpikeRuleOf<double>;

/// Parameters of neurons, each (neurons); those without data are absent.
template <class Real>
struct NeuronScanWeights {
    View<const Real, 1> decay, threshold, resting;
    View<const Real, 1> reset;                                  // absent: reset by subtraction
    View<const Real, 1> adaptation_decay, adaptation_strength;  // absent: a constant threshold
};

/// Neurons that do not see each other over time, with the membrane of leaky_integrate_and_fire.h
/// and the threshold of adaptive_threshold.h:
///
///     x[t] = u[t] - A[t]        z[t] = 1 if x[t] >= 0 and t is not refractory, else 0
///
/// Refractory steps: with reset to a value the voltage stays there, whatever the input; with reset
/// by subtraction it goes on. Without a start, the voltage before the first step is at rest and
/// there was no spike. Shapes: current I, voltage u, spikes z, distance x, adaptation a (batch,
/// time, neurons); adaptation has no data where the threshold is constant; start, end (batch,
/// neurons, neuron_scan_states), the state before the first and after the last step: u, z, a of the
/// step to come and the refractory steps left; no data for a start at rest.
template <class Real>
struct NeuronScanArgs {
    View<const Real, 3> current;
    NeuronScanWeights<Real> weights;
    SpikeRuleOf<Real> rule;
    View<const Real, 3> start;
    View<Real, 3> voltage, spikes, distance, adaptation, end;
};

inline constexpr std::int64_t neuron_scan_states = 4;
inline constexpr std::int64_t neuron_scan_weights = 6;  // in the order of NeuronScanWeights

/// Its gradient, backwards in time, with the surrogate for the derivative of z by x and 0 in
/// refractory steps; a start is a constant. Shapes as above; weight_gradients (weights, batch,
/// neurons), whose sums over the batch are those of the weights; absent ones are 0.
template <class Real>
struct NeuronScanBackwardArgs {
    NeuronScanWeights<Real> weights;
    SpikeRuleOf<Real> rule;
    View<const Real, 3> start, voltage, spikes, distance, adaptation;
    View<const Real, 3> voltage_gradient, spikes_gradient, distance_gradient;
    View<Real, 3> current_gradient;
    View<Real, 3> weight_gradients;
};

template <class Backend, class Real>
void run_neuron_scan(Stream& stream, const NeuronScanArgs<Real>& args);
template <class Backend, class Real>
void run_neuron_scan_backward(Stream& stream, const NeuronScanBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<NeuronScanArgs<Real>> neuron_scan_kernel{
    "neuron_scan", &run_neuron_scan<Cpu, Real>, ELM_IF_CUDA((&run_neuron_scan<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<NeuronScanBackwardArgs<Real>> neuron_scan_backward_kernel{
    "neuron_scan_backward", &run_neuron_scan_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_neuron_scan_backward<Cuda, Real>))};

/// The values of NeuronScanWeights; leave `reset` and the two of adaptation as they are where they
/// are absent.
struct NeuronScanParameters {
    Var decay, threshold, resting;
    Var reset = {};
    Var adaptation_decay = {}, adaptation_strength = {};
};

/// Each (batch, time, neurons); `distance` is x, voltage above threshold: x / scale is a logit.
struct NeuronTraces {
    Var voltage, spikes, distance;
};

/// Differentiable form of LIF and ALIF neurons over time, for an input current (batch, time,
/// neurons) in the unit of the voltage. Starts at rest if `state` is null or undefined, else from
/// it, and leaves there what the next chunk of time goes on from: (batch, neurons,
/// neuron_scan_states), constants for the gradient. Throws Error{invalid} naming the argument whose
/// shape does not fit, for an adaptation of one value without the other, for a surrogate without
/// width, and for refractory steps below 0 or with smooth spikes.
NeuronTraces neuron_scan(Context& context, const Var& current,
                         const NeuronScanParameters& parameters, const SpikeRule& rule = {},
                         Tensor* state = nullptr);

}  // namespace elm

#pragma once

#include "kernels/autograd/variable.h"
#include "kernels/core/kernel.h"
#include "kernels/ops/spiking/surrogate.h"
#include "neuron/point/neuron.h"

namespace elm {

struct Context;

/// How a neuron spikes and what its gradient does.
template <class Real>
struct SpikeRuleOf {
    SurrogateOf<Real> surrogate = {};
    std::int32_t refractory_steps = 0;  // after a spike
    bool detach_reset = false;          // no gradient through the spike in the reset
    bool smooth = false;                // spikes are the surrogate's smooth step, not 0 or 1
    ResetKind reset = ResetKind::by_subtraction;
};
using SpikeRule = SpikeRuleOf<double>;

/// Number of what neurons leave for the next chunk of time: spike, refractory steps left, and the
/// states of the neuron.
template <PointNeuron Neuron>
inline constexpr std::int64_t neuron_scan_states = 2 + state_count<Neuron>;

/// Neurons that do not see each other over time: steps of neuron.h. Without a start, the neurons
/// have their initial state and there was no spike. Shapes: current I, voltage (the first state),
/// spikes z, distance x (batch, time, neurons); hidden, the other states (states - 1, batch, time,
/// neurons), without data where they are not wanted; each coefficient (neurons), without data where
/// it has no meaning; start, end (batch, neurons, neuron_scan_states), the state before the first
/// and after the last step, no data for a start from the initial state. Traces of states are those
/// that are compared with the threshold, before after_spike().
template <class Neuron, class Real>
struct NeuronScanArgs {
    View<const Real, 3> current;
    View<const Real, 1> coefficients[coefficient_count<Neuron>];
    SpikeRuleOf<Real> rule;
    View<const Real, 3> start;
    View<Real, 3> voltage, spikes, distance, end;
    View<Real, 4> hidden;
};

/// Its gradient, backwards in time, with the surrogate for the derivative of z by x and 0 in
/// refractory steps; a start is a constant. Shapes as above; coefficient_gradients (coefficients,
/// batch, neurons), whose sums over the batch are those of the coefficients; those without meaning
/// are 0. The current has data where Neuron::gradient_needs_input.
template <class Neuron, class Real>
struct NeuronScanBackwardArgs {
    View<const Real, 1> coefficients[coefficient_count<Neuron>];
    SpikeRuleOf<Real> rule;
    View<const Real, 3> start, current, voltage, spikes, distance;
    View<const Real, 4> hidden;
    View<const Real, 3> voltage_gradient, spikes_gradient, distance_gradient;
    View<Real, 3> current_gradient;
    View<Real, 3> coefficient_gradients;
};

template <class Neuron, class Real>
void neuron_scan_on_cpu(Stream& stream, const NeuronScanArgs<Neuron, Real>& args);
template <class Neuron, class Real>
void neuron_scan_backward_on_cpu(Stream& stream, const NeuronScanBackwardArgs<Neuron, Real>& args);
template <class Neuron, class Real>
void neuron_scan_on_cuda(Stream& stream, const NeuronScanArgs<Neuron, Real>& args);
template <class Neuron, class Real>
void neuron_scan_backward_on_cuda(Stream& stream, const NeuronScanBackwardArgs<Neuron, Real>& args);

template <class Neuron, class Real>
inline constexpr Kernel<NeuronScanArgs<Neuron, Real>> neuron_scan_kernel{
    "neuron_scan", &neuron_scan_on_cpu<Neuron, Real>,
    ELM_IF_CUDA((&neuron_scan_on_cuda<Neuron, Real>))};
template <class Neuron, class Real>
inline constexpr Kernel<NeuronScanBackwardArgs<Neuron, Real>> neuron_scan_backward_kernel{
    "neuron_scan_backward", &neuron_scan_backward_on_cpu<Neuron, Real>,
    ELM_IF_CUDA((&neuron_scan_backward_on_cuda<Neuron, Real>))};

/// Each (batch, time, neurons); `distance` is x, voltage above threshold: x / scale is a logit.
struct NeuronTraces {
    Var voltage, spikes, distance;
};

namespace detail {
template <class Neuron>
NeuronTraces neuron_scan_of(Context& context, const Var& current,
                            const typename Neuron::template Coefficients<Var>& coefficients,
                            const SpikeRule& rule, Tensor* state);
}  // namespace detail

/// Differentiable form of neurons over time, for an input current (batch, time, neurons) in the
/// unit of the neuron's input channel. Coefficients (neurons) may be trained; those only of a reset
/// to a value stay as they are with reset by subtraction. Starts from the initial state if `state`
/// is null or undefined, else from it, and leaves there what the next chunk of time goes on from:
/// (batch, neurons, neuron_scan_states), constants for the gradient. Throws Error{invalid} naming
/// the argument whose shape does not fit, for a reset that the neuron does not have, for a
/// surrogate without width, and for refractory steps below 0 or with smooth spikes.
template <TrainableNeuron Neuron>
NeuronTraces neuron_scan(Context& context, const Var& current,
                         const typename Neuron::template Coefficients<Var>& coefficients,
                         const SpikeRule& rule = {}, Tensor* state = nullptr) {
    return detail::neuron_scan_of<Neuron>(context, current, coefficients, rule, state);
}

}  // namespace elm

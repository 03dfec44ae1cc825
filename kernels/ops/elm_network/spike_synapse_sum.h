#pragma once

#include "kernels/core/spike_train.h"
#include "kernels/ops/elm_network/synapses.h"

/// The sums of synapse_sum.h over sparse spikes, on the CPU: each spike visits its own synapses.
namespace elm {

/// output[s][t][row] = sum over the spikes of step t and their synapses of gain weight.
/// Shapes: gain (batch, sources), weight (synapses), output (batch, time, rows).
template <class Real>
void sum_spikes(const SpikeTrain& spikes, const SynapsesView& synapses,
                const View<const Real, 2>& gain, const View<const Real, 1>& weight,
                const View<Real, 3>& output);

/// weight_gradient[s][synapse] = sum over the steps at which its source spikes of gain times
/// output_gradient[s][t][row]. Shapes: weight_gradient (batch, synapses).
template <class Real>
void sum_spike_gradients(const SpikeTrain& spikes, const SynapsesView& synapses,
                         const View<const Real, 2>& gain,
                         const View<const Real, 3>& output_gradient,
                         const View<Real, 2>& weight_gradient);

}  // namespace elm

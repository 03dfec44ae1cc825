#pragma once

#include "baselines/convolution/causal_layers.h"

/// Causal convolutions along time that go on from one chunk of time to the next.
namespace elm {

/// See kernels/ops/product/convolution.h: input (batch, time, inputs), weight (outputs, inputs,
/// taps), the last tap meeting the present step, bias (outputs) → (batch, time, outputs). State:
/// one tensor, the last (taps - 1) dilation steps of the input.
Var causal_convolution(Context& context, const Var& input, const Var& weight, const Var& bias,
                       std::int64_t dilation, StateCursor& state);

/// The same of spikes with dilation 1, at a cost that follows the spikes: weight (inputs, taps,
/// outputs), the first tap meeting the present step. State: one spike train.
Var causal_spike_convolution(Context& context, const SpikeTrain& spikes, const Var& weight,
                             const Var& bias, StateCursor& state);

/// (inputs, taps, outputs), tap 0 being the present step, → (outputs, inputs, taps), the last tap
/// being the present step.
Var as_convolution_weight(Context& context, const Var& weight);
/// The way back.
Var as_spike_weight(Context& context, const Var& weight);

/// The last `count` steps of (batch, time, features), or all if there are fewer; without a past.
Tensor last_steps(Context& context, const Tensor& values, std::int64_t count);

}  // namespace elm

#pragma once

#include "baselines/mixers/sequence_mixer.h"
#include "kernels/ops/basic/complex_planes.h"

/// A recurrence of complex states with many inputs and many outputs, which S5 and LRU share:
///
///   x[t] = decay * x[t-1] + B u[t]     y[t] = factor Re(C x[t])     (*: element by element)
///
/// In both directions a second recurrence with the same decay and B begins at the end of each
/// sequence, and C reads both: y = factor Re(C x + C' x').
namespace elm {

/// Shapes: decay (states); input_weight, Bᵀ (width, states); output_weight, C and, in both
/// directions, C' (width, states).
struct ComplexRecurrence {
    ComplexVar decay, input_weight, output_weight;
    ComplexVar backward_output_weight = {};
    double factor = 1;

    /// (batch, time, width) → the same shape, in both directions unless `input` is causal. State:
    /// two tensors.
    Var run(Context& context, const MixerInput& input, StateCursor* state) const;
};

/// Element (plane, ...) of an array of two planes: real parts and imaginary parts.
ComplexVar planes_of(Context& context, const Var& both);

/// u * skip, with one factor for each feature, added to `output`.
Var add_skip(Context& context, const Var& output, const Var& input, const Var& skip);

/// The next tensor of a state, or zeros of this shape at the beginning of a sequence.
Var state_or_zeros(Context& context, StateCursor* state, const Shape& shape, DType dtype);

/// The last step of (batch, time, features), or `before` (batch, features) if there is none.
Tensor last_step(Context& context, const Var& values, const Var& before);

}  // namespace elm

#pragma once

#include "baselines/mixers/sequence_mixer.h"
#include "kernels/ops/spectral/modes/modes.h"

/// How state spaces whose features do not hear each other read a sequence u.
namespace elm {

/// y[t] = sum over s <= t of K[s] u[t-s], and of a kernel of two channels, of which the second
/// looks ahead, also the sum over s > t of K'[s-t-1] u[s]. Shapes: u (batch, time, width), kernel
/// (time, channels width). A sequence ends at its length.
Var convolve_both_ways(Context& context, const Var& u, const Var& kernel, const Tensor& lengths);

/// Multiplications and additions of a step of one feature, forward and in one direction: the share
/// of long_convolution_flops() of a sequence of so many steps.
double convolution_flops(std::int64_t steps);

/// The output of modes (states, channels width), with skip (width) u of the present step: of a
/// whole sequence as a convolution, from a state as a recurrence. State: two tensors.
Var mode_response(Context& context, const Modes& modes, const Var& skip, const MixerInput& input,
                  StateCursor* state);

}  // namespace elm

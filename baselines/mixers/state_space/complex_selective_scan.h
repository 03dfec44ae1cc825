#pragma once

#include "baselines/mixers/sequence_mixer.h"
#include "kernels/ops/basic/complex_planes.h"

/// The selective state space of Mamba (kernels/ops/scan/state_space/selective_scan.h) with complex
/// rates, states and weights, one of each conjugate pair. For each channel with N states
///
///   h[t][n] = exp(delta[t] rate[n]) h[t-1][n] + delta[t] u[t] B[t][n]
///   y[t]    = 2 Re sum over n of C[t][n] h[t][n] + skip u[t]
///
/// It is made of other ops, so that arrays of (batch, time, states, channels) are kept. Source: Gu
/// & Dao 2023, arXiv 2312.00752, section 3.6, and the code of its authors.
namespace elm {

/// Shapes: input, delta (batch, time, channels); rate (states, channels); input_weight,
/// output_weight (batch, time, states), B and C; skip (channels).
struct ComplexSelectiveScan {
    Var input, delta;
    ComplexVar rate, input_weight, output_weight;
    Var skip;

    /// (batch, time, channels). State: two tensors.
    Var run(Context& context, StateCursor* state) const;
};

}  // namespace elm

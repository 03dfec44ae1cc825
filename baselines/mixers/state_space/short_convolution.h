#pragma once

#include "baselines/convolution/causal_layers.h"

namespace elm {

/// A causal convolution of each feature (kernels/ops/product/depthwise_convolution.h) that from
/// chunk to chunk goes on behind the last steps of the one before. Shapes: input, result (batch,
/// time, width), weight (width, taps), bias (width), without value: none. State: one tensor.
Var short_convolution(Context& context, const Var& input, const Var& weight, const Var& bias,
                      StateCursor* state);

}  // namespace elm

#pragma once

#include "kernels/autograd/context.h"

namespace elm {

/// Means of `count` segments of the steps one after the other: (batch, time, width) → (batch,
/// count, width), count <= time. Where count does not divide the time, the first segments have one
/// step less than the last ones: Xiong et al. 2021, arXiv 2102.03902, in their public code.
Var segment_means(Context& context, const Var& rows, std::int64_t count);

}  // namespace elm

#pragma once

#include <cstdint>

#include "kernels/autograd/context.h"

namespace elm {

/// Matrices (count, n, n) that are positive and whose rows and columns come to have the sum 1:
/// those of exp(scores), with rows and then columns divided by their sums, `iterations` times. Rows
/// and columns of `counted` (count, n), 1 or 0, alone take part, the others are 0; undefined: all.
/// Source: Sinkhorn 1964, doi:10.1214/aoms/1177703591.
Var doubly_stochastic(Context& context, const Var& scores, std::int64_t iterations,
                      const Tensor& counted = {});

}  // namespace elm

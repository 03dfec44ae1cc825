#pragma once

#include "kernels/core/cuda/cuda_runtime.h"
#include "kernels/core/cuda/parallel.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "kernels/core/view.h"

/// What recurrences on CUDA share whose units hear each other: one block carries a few samples
/// through all steps. Weights lie in shared memory where they fit, else every step reads them
/// through the cache. Sums run over the units in rising order in one thread, so they depend on
/// nothing but the weights and the sample.
namespace elm {

inline constexpr int recurrent_block_threads = 256;
inline constexpr int recurrent_block_samples = 4;

/// Elements of shared memory: what a block keeps of its samples, and the weights or nothing.
struct RecurrentSharedPlan {
    std::int64_t state = 0;
    std::int64_t weights = 0;
};

/// transposed[column][row] = matrix[row][column].
template <class Real>
struct TransposeRecurrentWeight {
    View<const Real, 2> matrix;
    Real* transposed;
    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t rows = matrix.extent[0];
        transposed[index] = matrix(index % rows, index / rows);
    }
};

/// The weights where this block reads them; a barrier must follow.
template <class Real, bool in_shared>
__device__ const Real* place_recurrent_weights(const Real* weights, std::int64_t count,
                                               Real* shared) {
    if constexpr (in_shared) {
        for (std::int64_t i = threadIdx.x; i < count; i += recurrent_block_threads)
            shared[i] = weights[i];
        return shared;
    } else {
        return weights;
    }
}

/// Launches one of two kernels: with the weights in shared memory if they fit.
template <class Real, class Args>
void launch_recurrent_scan(Stream& stream, const char* name, std::int64_t samples,
                           RecurrentSharedPlan plan, const Real* weights, const Args& args,
                           void (*resident)(Args, const Real*, RecurrentSharedPlan),
                           void (*streaming)(Args, const Real*, RecurrentSharedPlan)) {
    const auto bytes = [](std::int64_t elements) {
        return static_cast<std::size_t>(elements) * sizeof(Real);
    };
    const bool fits =
        bytes(plan.state + plan.weights) <= cuda::max_shared_bytes(stream.device().index);
    if (!fits) plan.weights = 0;
    launch(stream, name,
           {.blocks = dim3(static_cast<unsigned>((samples + recurrent_block_samples - 1) /
                                                 recurrent_block_samples)),
            .threads = dim3(recurrent_block_threads),
            .shared_bytes = bytes(plan.state + plan.weights)},
           fits ? resident : streaming, args, weights, plan);
}

}  // namespace elm

#pragma once

#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/scan/state_space/selective_scan_tile.h"

/// Blocks of threads each of which holds one state of one channel; those of a channel are
/// neighbours in a warp.
namespace elm {

inline constexpr int state_lanes_block = static_cast<int>(selective_scan_block);

inline int lanes_of_states(std::int64_t states) {
    return static_cast<int>(selective_scan_lanes(states));
}

inline LaunchShape state_lanes_shape(int lanes, std::int64_t channels, std::int64_t samples) {
    const std::int64_t tile = state_lanes_block / lanes;
    return {.blocks = dim3(static_cast<unsigned>((channels + tile - 1) / tile),
                           static_cast<unsigned>(samples)),
            .threads = dim3(state_lanes_block)};
}

/// Sum over the threads of a channel, `lanes` of them; all threads of the warp call it.
template <class Real>
__device__ Real sum_over_states(Real value, int lanes, CallSite site = ELM_CALL_SITE) {
    for (int flip = lanes / 2; flip > 0; flip /= 2) value += exchange_lanes(value, flip, site);
    return value;
}

/// Which state of which channel a thread holds. One without reads those of the first.
struct StatePlace {
    std::int64_t sample, channel, state;
    bool holds;

    __device__ StatePlace(int lanes, std::int64_t channels, std::int64_t states) {
        const std::int64_t tile = state_lanes_block / lanes;
        sample = blockIdx.y;
        channel = blockIdx.x * tile + threadIdx.x / static_cast<unsigned>(lanes);
        state = threadIdx.x % static_cast<unsigned>(lanes);
        holds = channel < channels && state < states;
        if (!holds) channel = state = 0;
    }
};

}  // namespace elm

#pragma once

/// Reductions over a warp and over a block, by shuffles. Each result goes to all threads, and the
/// order of combination is fixed, so that two runs give the same bits.

#include "kernels/core/cuda/device.cuh"

namespace elm {

namespace reduce {

struct Sum {
    template <class T>
    __device__ T operator()(T x, T y) const {
        return x + y;
    }
};

struct Maximum {
    template <class T>
    __device__ T operator()(T x, T y) const {
        return max(x, y);
    }
};

struct Minimum {
    template <class T>
    __device__ T operator()(T x, T y) const {
        return min(x, y);
    }
};

}  // namespace reduce

/// The value of lane `lane ^ flip`, on behalf of the caller. All lanes of the warp take part.
template <class T>
__device__ __forceinline__ T exchange_lanes(T value, int flip, CallSite site = ELM_CALL_SITE) {
#ifdef ELM_EMULATE
    return __shfl_xor_sync(all_lanes, value, flip, warp_size, site);
#else
    (void)site;
    return __shfl_xor_sync(all_lanes, value, flip);
#endif
}

/// Combines the values of all 32 lanes; `combine` is associative and commutative (up to rounding).
template <class T, class Combine>
__device__ __forceinline__ T warp_reduce(T value, Combine combine, CallSite site = ELM_CALL_SITE) {
#pragma unroll
    for (int flip = warp_size / 2; flip > 0; flip /= 2) {
        value = combine(value, exchange_lanes(value, flip, site));
    }
    return value;
}

template <class T>
__device__ __forceinline__ T warp_sum(T value, CallSite site = ELM_CALL_SITE) {
    return warp_reduce(value, reduce::Sum{}, site);
}

template <class T>
__device__ __forceinline__ T warp_max(T value, CallSite site = ELM_CALL_SITE) {
    return warp_reduce(value, reduce::Maximum{}, site);
}

template <class T>
__device__ __forceinline__ T warp_min(T value, CallSite site = ELM_CALL_SITE) {
    return warp_reduce(value, reduce::Minimum{}, site);
}

/// Shared memory of block_reduce.
template <class T>
struct BlockReduceStorage {
    T partial[32];  ///< one per warp
};

/// Combines the values of all threads of a block of whole warps. All threads call it; `storage` is
/// shared and may be used again at once.
template <class T, class Combine>
__device__ T block_reduce(T value, Combine combine, BlockReduceStorage<T>& storage,
                          CallSite site = ELM_CALL_SITE) {
    const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    const unsigned warp_count = blockDim.x * blockDim.y * blockDim.z / warp_size;
    value = warp_reduce(value, combine, site);
    block_barrier(site);  // the results of an earlier call have been read
    if (thread % warp_size == 0) storage.partial[thread / warp_size] = value;
    block_barrier(site);
    T total = storage.partial[0];
    for (unsigned warp = 1; warp < warp_count; ++warp) {
        total = combine(total, storage.partial[warp]);
    }
    return total;
}

template <class T>
__device__ __forceinline__ T block_sum(T value, BlockReduceStorage<T>& storage,
                                       CallSite site = ELM_CALL_SITE) {
    return block_reduce(value, reduce::Sum{}, storage, site);
}

template <class T>
__device__ __forceinline__ T block_max(T value, BlockReduceStorage<T>& storage,
                                       CallSite site = ELM_CALL_SITE) {
    return block_reduce(value, reduce::Maximum{}, storage, site);
}

}  // namespace elm

#pragma once

/// Waiting for other blocks. Only in a launch with LaunchShape::cooperative, where all blocks are
/// resident; otherwise a block may wait for one that has not started.

#include <type_traits>

#include "kernels/core/cuda/device.cuh"

#ifndef ELM_EMULATE
#    include <cooperative_groups.h>

#    include <cuda/atomic>
#endif

namespace elm {

/// Waits for all threads of the grid; orders memory between them.
__device__ __forceinline__ void grid_sync(CallSite site = ELM_CALL_SITE) {
#ifdef ELM_EMULATE
    emulation::grid_barrier(site);
#else
    (void)site;
    cooperative_groups::this_grid().sync();
#endif
}

/// Stores `value` so that a thread of the grid that sees it in wait_until also sees what this
/// thread wrote before.
template <class T>
__device__ __forceinline__ void publish(T* address, std::type_identity_t<T> value) {
#ifdef ELM_EMULATE
    emulation::preemption_point();
    std::atomic_ref<T>(*address).store(value, std::memory_order_release);
#else
    cuda::atomic_ref<T, cuda::thread_scope_device>(*address).store(value,
                                                                   cuda::memory_order_release);
#endif
}

/// Reads `*address` until `predicate(value)` holds, and returns that value.
template <class T, class Predicate>
__device__ __forceinline__ T wait_until(T* address, Predicate predicate) {
    for (;;) {
#ifdef ELM_EMULATE
        const T value = std::atomic_ref<T>(*address).load(std::memory_order_acquire);
#else
        const T value = cuda::atomic_ref<T, cuda::thread_scope_device>(*address).load(
            cuda::memory_order_acquire);
#endif
        if (predicate(value)) return value;
#ifdef ELM_EMULATE
        emulation::yield();
#endif
    }
}

}  // namespace elm

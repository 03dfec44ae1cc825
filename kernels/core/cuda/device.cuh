#pragma once

/// The only CUDA header that kernels include: the toolkit, or the device emulation (ELM_EMULATE=1),
/// and the few names by which kernels say what both must understand.

#ifdef ELM_EMULATE
#    include "kernels/core/cuda/emulation/emulation.h"
#else
#    include <cuda_runtime.h>
#endif

namespace elm {

inline constexpr int warp_size = 32;
inline constexpr unsigned all_lanes = 0xFFFFFFFFu;

/// The line that calls a helper with a barrier in it. The emulation compares these lines, so a
/// helper takes `CallSite site = ELM_CALL_SITE` as its last parameter and passes it on.
#ifdef ELM_EMULATE
using CallSite = emulation::Site;
// Braces without a type: g++ folds `CallSite{...}` to the line of the declaration.
#    define ELM_CALL_SITE \
        { __builtin_FILE(), __builtin_LINE() }
#else
struct CallSite {};
#    define ELM_CALL_SITE \
        {}
#endif

/// __syncthreads on behalf of the caller.
__device__ __forceinline__ void block_barrier(CallSite site = ELM_CALL_SITE) {
#ifdef ELM_EMULATE
    __syncthreads(site);
#else
    (void)site;
    __syncthreads();
#endif
}

/// __syncwarp on behalf of the caller.
__device__ __forceinline__ void warp_barrier(unsigned mask = all_lanes,
                                             CallSite site = ELM_CALL_SITE) {
#ifdef ELM_EMULATE
    __syncwarp(mask, site);
#else
    (void)site;
    __syncwarp(mask);
#endif
}

/// The same value, of which the compiler must think that it is new here: what is computed from it
/// in a loop stays in the loop, instead of taking registers all the time.
__device__ __forceinline__ int recomputed(int value) {
#ifndef ELM_EMULATE
    asm volatile("" : "+r"(value));
#endif
    return value;
}

/// A place where the emulation may let another thread run; nothing on a device. Accessors of global
/// memory call it, so that lost updates show.
__device__ __forceinline__ void preemption_point() {
#ifdef ELM_EMULATE
    emulation::preemption_point();
#endif
}

}  // namespace elm

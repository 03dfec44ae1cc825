#pragma once

/// Copies from global to shared memory that pass by the registers (cp.async, sm_80 on).
///
///     copy_async<16>(&tile[i], &input[i]);   // each thread its part
///     copy_async_commit();                   // closes a group
///     copy_async_wait<0>();                  // this thread's groups are done ...
///     __syncthreads();                       // ... and everybody's are visible to all
///
/// Between copy_async and the wait nobody may touch the destination. A thread waits for all its
/// copies before it returns. The emulation copies as late as it may: the destination is 0xFF until
/// the wait, so a missing wait shows, and a missing barrier is a race that ThreadSanitizer reports.

#include <cstring>

#include "kernels/core/cuda/device.cuh"

namespace elm {

/// Starts copying `Bytes` bytes; both addresses are multiples of `Bytes`, `shared` in shared and
/// `global` in global memory. With inside == false nothing is read and zeros are written; `global`
/// must still be an aligned address.
template <int Bytes>
__device__ __forceinline__ void copy_async(void* shared, const void* global, bool inside = true,
                                           CallSite site = ELM_CALL_SITE) {
    static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16);
#ifdef ELM_EMULATE
    emulation::queue_copy({shared, global, inside, Bytes}, site);
    std::memset(shared, 0xFF, Bytes);
#else
    (void)site;
    const auto target = static_cast<unsigned>(__cvta_generic_to_shared(shared));
    const int read = inside ? Bytes : 0;
    if constexpr (Bytes == 16) {  // .cg passes by the L1 cache and exists for 16 bytes only
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(target), "l"(global),
                     "r"(read)
                     : "memory");
    } else {
        asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(target), "l"(global),
                     "n"(Bytes), "r"(read)
                     : "memory");
    }
#endif
}

/// Closes the group of the copies that this thread has started since the last commit.
__device__ __forceinline__ void copy_async_commit() {
#ifdef ELM_EMULATE
    emulation::commit_copies();
#else
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

/// Waits until all groups of this thread but its newest `Pending` are done.
template <int Pending>
__device__ __forceinline__ void copy_async_wait() {
    static_assert(Pending >= 0);
#ifdef ELM_EMULATE
    emulation::PendingCopy copy;
    while (emulation::take_due_copy(Pending, copy)) {
        // Constant sizes, so that a sanitizer sees plain accesses of this thread.
        if (!copy.inside) {
            std::memset(copy.destination, 0, copy.bytes);
        } else if (copy.bytes == 4) {
            std::memcpy(copy.destination, copy.source, 4);
        } else if (copy.bytes == 8) {
            std::memcpy(copy.destination, copy.source, 8);
        } else {
            std::memcpy(copy.destination, copy.source, 16);
        }
    }
#else
    asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
#endif
}

}  // namespace elm

#pragma once

/// Shared memory of a block. Kernels use these functions only, never __shared__: the emulation then
/// poisons each block's storage with 0xFF and lets AddressSanitizer guard its ends.

#include <cstddef>
#include <new>
#include <type_traits>

#include "kernels/core/cuda/device.cuh"

namespace elm {

/// Storage for one T per block, uninitialised. Two calls with the same T in one kernel give the
/// same storage; distinct types give distinct storage. Call it once, at the top of the kernel, with
/// a type of the kernel's own:
///
///     struct Shared { float state[2][256]; float partial[8]; };
///     auto& shared = block_shared<Shared>();
///
/// Arrays of known size inside T are checked by UBSan under emulation.
template <class T>
__device__ __forceinline__ T& block_shared() {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
#ifdef ELM_EMULATE
    static_assert(sizeof(T) <= 48 * 1024, "static shared memory is limited to 48 KB per block");
    static const char key = 0;
    return *static_cast<T*>(emulation::static_shared(&key, sizeof(T), alignof(T)));
#else
    __shared__ alignas(T) unsigned char storage[sizeof(T)];
    return reinterpret_cast<T&>(storage);
#endif
}

/// The first `count` elements of the dynamic shared memory that LaunchShape::shared_bytes gave. All
/// calls return the same address; it is aligned to 128 bytes. The emulation checks `count`.
template <class T>
__device__ __forceinline__ T* dynamic_shared(std::size_t count) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 128);
#ifdef ELM_EMULATE
    return static_cast<T*>(emulation::dynamic_shared(count * sizeof(T), 128));
#else
    (void)count;
    extern __shared__ __align__(128) unsigned char elm_dynamic_shared[];
    return reinterpret_cast<T*>(elm_dynamic_shared);
#endif
}

}  // namespace elm

#pragma once

/// The only way to launch a kernel.

#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "kernels/core/cuda/device.cuh"

namespace elm {

struct LaunchShape {
    dim3 blocks;
    dim3 threads;
    std::size_t shared_bytes = 0;  ///< dynamic shared memory per block
    /// Threads of a block may return before a barrier that the others wait in. The device always
    /// allows it; the emulation reports it unless it is said here.
    bool early_exit = false;
    bool cooperative = false;  ///< all blocks resident together, so that grid_sync() may be used
};

namespace detail {

inline bool is_empty(const dim3& blocks) { return blocks.x == 0 || blocks.y == 0 || blocks.z == 0; }

#ifndef ELM_EMULATE
inline void check_launch(cudaError_t status, const char* name) {
    if (status == cudaSuccess) return;
    throw std::runtime_error("kernel \"" + std::string(name) + "\": " + cudaGetErrorString(status));
}

/// ELM_CUDA_SYNC=1 waits for each kernel, so that an error is reported with its name.
inline bool synchronises_launches() {
    static const bool result = [] {
        const char* value = std::getenv("ELM_CUDA_SYNC");
        return value != nullptr && std::string_view(value) == "1";
    }();
    return result;
}
#endif

}  // namespace detail

/// Launches `kernel(arguments...)` on `native_stream` (a cudaStream_t; the emulation runs the
/// kernel at once and ignores it). An empty grid returns at once. The arguments are copied. Throws
/// std::runtime_error with the kernel's name; the emulation throws its subclass
/// emulation::DeviceFault.
template <class... Parameters, class... Arguments>
void launch_kernel(void* native_stream, const char* name, const LaunchShape& shape,
                   void (*kernel)(Parameters...), Arguments&&... arguments) {
    static_assert((std::is_trivially_copyable_v<Parameters> && ...),
                  "kernel parameters are copied to the device byte by byte");
    static_assert((sizeof(Parameters) + ... + 0) <= 4096, "kernel parameters are limited to 4 KB");
    if (detail::is_empty(shape.blocks)) return;
    std::tuple<Parameters...> values(std::forward<Arguments>(arguments)...);
#ifdef ELM_EMULATE
    (void)native_stream;
    auto call = [&] { std::apply(kernel, values); };
    const emulation::Shape emulated{shape.blocks, shape.threads, shape.shared_bytes,
                                    shape.early_exit, shape.cooperative};
    emulation::launch(
        name, emulated, [](void* context) { (*static_cast<decltype(call)*>(context))(); }, &call);
#else
    auto* stream = static_cast<cudaStream_t>(native_stream);
    constexpr std::size_t without_opt_in = 48 * 1024;
    if (shape.shared_bytes > without_opt_in) {
        detail::check_launch(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                                  cudaFuncAttributeMaxDynamicSharedMemorySize,
                                                  static_cast<int>(shape.shared_bytes)),
                             name);
    }
    std::apply(
        [&](auto&... value) {
            if (shape.cooperative) {
                void* addresses[] = {static_cast<void*>(&value)..., nullptr};
                detail::check_launch(cudaLaunchCooperativeKernel(
                                         reinterpret_cast<const void*>(kernel), shape.blocks,
                                         shape.threads, addresses, shape.shared_bytes, stream),
                                     name);
            } else {
                kernel<<<shape.blocks, shape.threads, shape.shared_bytes, stream> > >(value...);
            }
        },
        values);
    detail::check_launch(cudaGetLastError(), name);
    if (detail::synchronises_launches()) detail::check_launch(cudaStreamSynchronize(stream), name);
#endif
}

}  // namespace elm

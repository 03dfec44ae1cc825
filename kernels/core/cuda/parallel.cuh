#pragma once

#include <cstdint>
#include <stdexcept>

#include "kernels/core/cuda/device.cuh"
#include "kernels/core/cuda/launch.cuh"
#include "kernels/core/kernel.h"
#include "kernels/core/stream.h"

namespace elm {

/// Launches on the device of `stream`. Throws Error{device} with the kernel's name.
template <class... Parameters, class... Arguments>
void launch(Stream& stream, const char* name, const LaunchShape& shape,
            void (*kernel)(Parameters...), Arguments&&... arguments) {
    try {
        launch_kernel(stream.native(), name, shape, kernel, static_cast<Parameters>(arguments)...);
    } catch (const std::runtime_error& failure) {
        throw_launch_failed(failure.what());
    }
}

template <class Body>
__global__ void __launch_bounds__(256) for_each_index_kernel(std::int64_t count, Body body) {
    const std::int64_t stride = std::int64_t{gridDim.x} * blockDim.x;
    for (std::int64_t index = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; index < count;
         index += stride) {
        body(index);
    }
}

/// The device backend of shared-body kernels: a grid-stride loop.
struct Cuda {
    template <class Body>
    static void for_each_index(Stream& stream, std::int64_t count, const Body& body) {
        constexpr std::int64_t threads = 256, most_blocks = 4096;
        const std::int64_t blocks = (count + threads - 1) / threads;
        const auto grid = static_cast<unsigned>(blocks < most_blocks ? blocks : most_blocks);
        launch(stream, "for_each_index", {.blocks = dim3(grid), .threads = dim3(threads)},
               &for_each_index_kernel<Body>, count, body);
    }
};

}  // namespace elm

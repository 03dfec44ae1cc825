#pragma once

#include <cstdint>
#include <stdexcept>

#include "kernels/core/cuda/device.cuh"
#include "kernels/core/cuda/launch.cuh"
#include "kernels/core/cuda/reduce.cuh"
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

/// Blocks of eight warps, a warp for each row; warps past the last row have nothing to do.
inline LaunchShape one_warp_per_row(std::int64_t rows) {
    constexpr std::int64_t warps = 8;
    return {.blocks = dim3(static_cast<unsigned>((rows + warps - 1) / warps)),
            .threads = dim3(static_cast<unsigned>(warps) * warp_size)};
}

/// Number of this warp in the whole grid, and of this thread in its warp; one-dimensional launches.
__device__ inline std::int64_t warp_index() {
    return (std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x) / warp_size;
}
__device__ inline int lane_index() { return static_cast<int>(threadIdx.x % warp_size); }

/// How a row kernel walks along its row: the lanes of a warp side by side. All lanes call each
/// function, with the same count.
struct CudaRow {
    /// True for the one thread that writes what the row has once.
    __device__ static bool leads() { return lane_index() == 0; }

    template <class Body>
    __device__ static void for_each(std::int64_t count, const Body& body) {
        for (std::int64_t i = lane_index(); i < count; i += warp_size) body(i);
    }

    /// term(0) + ... + term(count - 1).
    template <class Term>
    __device__ static auto sum(std::int64_t count, const Term& term) {
        decltype(term(count)) total = 0;
        for_each(count, [&](std::int64_t i) { total += term(i); });
        return warp_sum(total);
    }

    /// The largest term, or -infinity if there is none.
    template <class Term>
    __device__ static auto maximum(std::int64_t count, const Term& term) {
        using Real = decltype(term(count));
        Real largest = Real(-INFINITY);
        for_each(count, [&](std::int64_t i) { largest = max(largest, term(i)); });
        return warp_max(largest);
    }
};

template <class Body>
__global__ void __launch_bounds__(256) for_each_row_kernel(std::int64_t rows, Body body) {
    const std::int64_t row = warp_index();
    if (row < rows) body(CudaRow{}, row);
}

/// body(row, column) as a function of row * columns + column.
template <class Body>
struct ElementOfIndex {
    std::int64_t columns;
    Body body;
    __device__ void operator()(std::int64_t index) const { body(index / columns, index % columns); }
};

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

    /// Calls body(row, column) for all elements of a matrix.
    template <class Body>
    static void for_each_element(Stream& stream, std::int64_t rows, std::int64_t columns,
                                 const Body& body) {
        for_each_index(stream, rows * columns, ElementOfIndex<Body>{columns, body});
    }

    /// Calls body(CudaRow{}, row) for all rows, a warp for each.
    template <class Body>
    static void for_each_row(Stream& stream, std::int64_t rows, std::int64_t /*row_length*/,
                             const Body& body) {
        launch(stream, "for_each_row", one_warp_per_row(rows), &for_each_row_kernel<Body>, rows,
               body);
    }
};

}  // namespace elm

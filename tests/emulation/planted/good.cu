#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/core/cuda/launch.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "tests/emulation/planted/planted.h"

namespace elm::planted {
namespace {

constexpr int max_threads = 256;

/// One partial sum per block; halving tree in shared memory.
__global__ void block_sum_kernel(const float* input, int count, float* partial) {
    struct Shared {
        float value[max_threads];
    };
    auto& shared = block_shared<Shared>();
    const int thread = static_cast<int>(threadIdx.x);
    const int index = static_cast<int>(blockIdx.x * blockDim.x) + thread;
    shared.value[thread] = index < count ? input[index] : 0.0f;
    __syncthreads();
    for (int half = static_cast<int>(blockDim.x) / 2; half > 0; half /= 2) {
        if (thread < half) shared.value[thread] += shared.value[thread + half];
        __syncthreads();
    }
    if (thread == 0) partial[blockIdx.x] = shared.value[0];
}

/// One warp per row; whole warps return.
__global__ void softmax_rows_kernel(const float* input, int rows, int columns, float* output) {
    const int row = static_cast<int>((blockIdx.x * blockDim.x + threadIdx.x) / 32);
    const int lane = static_cast<int>(threadIdx.x % 32);
    if (row >= rows) return;
    const float* in = input + row * columns;
    float largest = -INFINITY;
    for (int column = lane; column < columns; column += 32) largest = fmaxf(largest, in[column]);
    for (int flip = 16; flip > 0; flip /= 2) {
        largest = fmaxf(largest, __shfl_xor_sync(all_lanes, largest, flip));
    }
    float sum = 0.0f;
    for (int column = lane; column < columns; column += 32) sum += __expf(in[column] - largest);
    for (int flip = 16; flip > 0; flip /= 2) sum += __shfl_xor_sync(all_lanes, sum, flip);
    for (int column = lane; column < columns; column += 32) {
        output[row * columns + column] = __expf(in[column] - largest) / sum;
    }
}

/// C = A B for square matrices, by tiles of blockDim.x in dynamic shared memory.
__global__ void matrix_product_kernel(const float* a, const float* b, int size, float* c) {
    const int tile = static_cast<int>(blockDim.x);
    float* tile_a = dynamic_shared<float>(static_cast<std::size_t>(2 * tile * tile));
    float* tile_b = tile_a + tile * tile;
    const int x = static_cast<int>(threadIdx.x);
    const int y = static_cast<int>(threadIdx.y);
    const int row = static_cast<int>(blockIdx.y) * tile + y;
    const int column = static_cast<int>(blockIdx.x) * tile + x;
    float sum = 0.0f;
    for (int start = 0; start < size; start += tile) {
        const bool has_a = row < size && start + x < size;
        const bool has_b = start + y < size && column < size;
        tile_a[y * tile + x] = has_a ? a[row * size + start + x] : 0.0f;
        tile_b[y * tile + x] = has_b ? b[(start + y) * size + column] : 0.0f;
        __syncthreads();
        for (int k = 0; k < tile; ++k) sum += tile_a[y * tile + k] * tile_b[k * tile + x];
        __syncthreads();
    }
    if (row < size && column < size) c[row * size + column] = sum;
}

/// state[i] <- (state[i] + state[i + 1]) / 2 per step, one thread per unit, two barriers per step.
__global__ void recurrent_kernel(float* state, int steps) {
    struct Shared {
        float state[max_threads];
    };
    auto& shared = block_shared<Shared>();
    const unsigned unit = threadIdx.x;
    shared.state[unit] = state[unit];
    __syncthreads();
    for (int step = 0; step < steps; ++step) {
        const float next = 0.5f * (shared.state[unit] + shared.state[(unit + 1) % blockDim.x]);
        __syncthreads();
        shared.state[unit] = next;
        __syncthreads();
    }
    state[unit] = shared.state[unit];
}

constexpr int bin_count = 7;

__global__ void histogram_kernel(const int* input, int count, int* bins) {
    struct Shared {
        int bins[bin_count];
    };
    auto& shared = block_shared<Shared>();
    if (threadIdx.x < bin_count) shared.bins[threadIdx.x] = 0;
    __syncthreads();
    const int index = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (index < count) atomicAdd(&shared.bins[input[index]], 1);
    __syncthreads();
    if (threadIdx.x < bin_count) atomicAdd(&bins[threadIdx.x], shared.bins[threadIdx.x]);
}

std::vector<float> wave(int count) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        values[static_cast<std::size_t>(i)] = static_cast<float>((i * 37) % 19) - 9.0f;
    }
    return values;
}

unsigned blocks_for(int count, unsigned threads) {
    return (static_cast<unsigned>(count) + threads - 1) / threads;
}

bool close(float left, double right) {
    return std::abs(left - right) <= 1e-5 * (1 + std::abs(right));
}

bool block_sum_is_right(int count, unsigned threads) {
    const std::vector<float> input = wave(count);
    std::vector<float> partial(blocks_for(count, threads));
    launch_kernel(nullptr, "block_sum", {blocks_for(count, threads), threads}, block_sum_kernel,
                  input.data(), count, partial.data());
    float sum = 0.0f;
    float expected = 0.0f;  // small integers: exact in any order
    for (const float value : partial) sum += value;
    for (const float value : input) expected += value;
    return sum == expected;
}

bool softmax_is_right(unsigned threads) {
    for (const int columns : {1, 31, 33}) {
        constexpr int rows = 9;
        const std::vector<float> input = wave(rows * columns);
        std::vector<float> output(input.size());
        launch_kernel(nullptr, "softmax_rows", {blocks_for(rows * 32, threads), threads},
                      softmax_rows_kernel, input.data(), rows, columns, output.data());
        for (int row = 0; row < rows; ++row) {
            const float* in = input.data() + row * columns;
            const double largest = *std::max_element(in, in + columns);
            double sum = 0;
            for (int i = 0; i < columns; ++i) sum += std::exp(in[i] - largest);
            for (int i = 0; i < columns; ++i) {
                const float got = output[static_cast<std::size_t>(row * columns + i)];
                if (!close(got, std::exp(in[i] - largest) / sum)) return false;
            }
        }
    }
    return true;
}

bool matrix_product_is_right(unsigned tile) {
    for (const unsigned size : {tile - 1, tile, 2 * tile + 1}) {
        const int n = static_cast<int>(size);
        const std::vector<float> a = wave(n * n);
        const std::vector<float> b = wave(n * n + 1);
        std::vector<float> c(a.size());
        const unsigned blocks = blocks_for(n, tile);
        launch_kernel(nullptr, "matrix_product",
                      {{blocks, blocks}, {tile, tile}, 2 * tile * tile * sizeof(float)},
                      matrix_product_kernel, a.data(), b.data(), n, c.data());
        for (unsigned row = 0; row < size; ++row) {
            for (unsigned column = 0; column < size; ++column) {
                float sum = 0.0f;  // small integers: exact
                for (unsigned k = 0; k < size; ++k) sum += a[row * size + k] * b[k * size + column];
                if (sum != c[row * size + column]) return false;
            }
        }
    }
    return true;
}

bool recurrent_is_right(unsigned threads, int steps) {
    std::vector<float> state = wave(static_cast<int>(threads));
    std::vector<float> expected = state;
    launch_kernel(nullptr, "recurrent", {1, threads}, recurrent_kernel, state.data(), steps);
    for (int step = 0; step < steps; ++step) {
        const std::vector<float> old = expected;
        for (unsigned i = 0; i < threads; ++i)
            expected[i] = 0.5f * (old[i] + old[(i + 1) % threads]);
    }
    return state == expected;
}

bool histogram_is_right(std::size_t count, unsigned threads) {
    std::vector<int> input(count);
    for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<int>(i * i % bin_count);
    std::vector<int> bins(bin_count);
    std::vector<int> expected(bin_count);
    launch_kernel(nullptr, "histogram", {blocks_for(static_cast<int>(count), threads), threads},
                  histogram_kernel, input.data(), static_cast<int>(count), bins.data());
    for (const int value : input) ++expected[static_cast<std::size_t>(value)];
    return bins == expected;
}

}  // namespace

std::string check_good_kernels(unsigned threads) {
    if (!block_sum_is_right(1000, threads)) return "block_sum";
    if (!softmax_is_right(threads)) return "softmax_rows";
    if (!matrix_product_is_right(threads >= 256 ? 16 : 8)) return "matrix_product";
    if (!recurrent_is_right(threads, 20)) return "recurrent";
    if (!histogram_is_right(501, threads)) return "histogram";
    return "";
}

std::string check_concurrent_blocks() {
    if (!block_sum_is_right(90, 32)) return "block_sum";
    if (!histogram_is_right(90, 32)) return "histogram";
    return "";
}

}  // namespace elm::planted

#include "kernels/core/cuda/launch.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "tests/emulation/planted/planted.h"

namespace elm::planted {
namespace {

struct Shared {
    float value[256];
};

__global__ void missing_barrier_kernel(float* output) {
    auto& shared = block_shared<Shared>();
    const unsigned i = threadIdx.x;
    shared.value[i] = static_cast<float>(i);          // mark: missing_barrier.write
    output[i] = i > 0 ? shared.value[i - 1] : -1.0f;  // mark: missing_barrier.read
}

__global__ void missing_second_barrier_kernel(float* output, int steps) {
    auto& shared = block_shared<Shared>();
    const unsigned i = threadIdx.x;
    shared.value[i] = static_cast<float>(i);
    __syncthreads();
    for (int step = 0; step < steps; ++step) {
        const float next = shared.value[(i + 1) % blockDim.x];  // mark: second_barrier.read
        shared.value[i] = next;                                 // mark: second_barrier.write
        __syncthreads();
    }
    output[i] = shared.value[i];
}

__global__ void divergent_barrier_kernel() {
    if (threadIdx.x < blockDim.x / 2) {
        __syncthreads();  // mark: divergent.first
    } else {
        __syncthreads();  // mark: divergent.second
    }
}

__global__ void early_return_kernel(unsigned active, int* arrived) {
    if (threadIdx.x >= active) return;
    __syncthreads();  // mark: early_return.barrier
    atomicAdd(arrived, 1);
}

__global__ void barrier_in_branch_kernel() {
    if (threadIdx.x < 100) __syncthreads();  // mark: branch.barrier
}

__global__ void deadlock_kernel() {
    if (threadIdx.x < 16) {
        __syncthreads();  // mark: deadlock.block
    } else {
        __syncwarp();  // mark: deadlock.warp
    }
}

}  // namespace

std::vector<float> missing_barrier(unsigned threads) {
    std::vector<float> output(threads);
    launch_kernel(nullptr, "missing_barrier", {1, threads}, missing_barrier_kernel, output.data());
    return output;
}

int missing_second_barrier(unsigned threads, int steps) {
    std::vector<float> output(threads);
    launch_kernel(nullptr, "missing_second_barrier", {1, threads}, missing_second_barrier_kernel,
                  output.data(), steps);
    int wrong = 0;
    for (unsigned i = 0; i < threads; ++i) {
        const auto expected = static_cast<float>((i + static_cast<unsigned>(steps)) % threads);
        if (output[i] != expected) ++wrong;
    }
    return wrong;
}

void divergent_barrier(unsigned threads) {
    launch_kernel(nullptr, "divergent", {1, threads}, divergent_barrier_kernel);
}

void early_return(unsigned threads, unsigned active, bool allowed) {
    int arrived = 0;
    launch_kernel(nullptr, "early_return", {.blocks = 1, .threads = threads, .early_exit = allowed},
                  early_return_kernel, active, &arrived);
}

void barrier_in_branch(unsigned threads) {
    launch_kernel(nullptr, "barrier_in_branch", {1, threads}, barrier_in_branch_kernel);
}

void deadlock() { launch_kernel(nullptr, "deadlock", {1, 32}, deadlock_kernel); }

}  // namespace elm::planted

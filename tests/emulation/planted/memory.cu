#include "kernels/core/cuda/async_copy.cuh"
#include "kernels/core/cuda/launch.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "tests/emulation/planted/planted.h"

namespace elm::planted {
namespace {

__global__ void lost_update_kernel(int* number) {
    const int seen = *number;  // mark: lost_update.read
    preemption_point();
    *number = seen + 1;  // mark: lost_update.write
}

__global__ void atomic_update_kernel(int* number) { atomicAdd(number, 1); }

__global__ void one_address_kernel(int* output) {
    if (threadIdx.x == 0) *output = 7;  // mark: one_address.write
}

__global__ void read_unwritten_kernel(float* output) {
    struct Shared {
        float value[256];
    };
    auto& shared = block_shared<Shared>();
    output[threadIdx.x] = shared.value[threadIdx.x];
}

__global__ void past_fixed_array_kernel(unsigned offset) {
    struct Shared {
        int first[32];
        int second[32];
    };
    auto& shared = block_shared<Shared>();
    shared.first[threadIdx.x + offset] = 1;  // mark: fixed_array.write
}

__global__ void past_dynamic_shared_kernel(float* output) {
    float* values = dynamic_shared<float>(32);
    values[threadIdx.x] = 1.0f;
    output[threadIdx.x] = values[threadIdx.x + 1];  // mark: dynamic_shared.read
}

__global__ void write_at_kernel(float* output, unsigned index) {
    output[index] = 1.0f;  // mark: write_at.write
}

__global__ void misaligned_load_kernel(const float* input, float* output) {
    const float4 value = *reinterpret_cast<const float4*>(input);  // mark: misaligned.load
    *output = value.x + value.w;
}

__global__ void misaligned_member_kernel(const float* input, float* output) {
    *output = reinterpret_cast<const float4*>(input)->w;  // mark: misaligned.member
}

__global__ void asynchronous_copy_kernel(const int* input, int* output, CopyFault fault) {
    int* tile = dynamic_shared<int>(blockDim.x);
    const unsigned i = threadIdx.x;
    copy_async<4>(&tile[i], &input[i]);
    copy_async_commit();
    if (fault != CopyFault::wait_missing) copy_async_wait<0>();
    if (fault != CopyFault::barrier_missing) __syncthreads();
    output[i] = tile[(i + 1) % blockDim.x];  // mark: copy.read
    if (fault == CopyFault::wait_missing) {
        __syncthreads();
        copy_async_wait<0>();
    }
}

__global__ void unfinished_copy_kernel(const int* input) {
    int* tile = dynamic_shared<int>(1);
    copy_async<4>(tile, input);  // mark: unfinished.copy
    copy_async_commit();
}

}  // namespace

int lost_update(unsigned threads) {
    int number = 0;
    launch_kernel(nullptr, "lost_update", {1, threads}, lost_update_kernel, &number);
    return number;
}

int atomic_update(unsigned threads) {
    int number = 0;
    launch_kernel(nullptr, "atomic_update", {1, threads}, atomic_update_kernel, &number);
    return number;
}

int blocks_write_one_address(unsigned blocks) {
    int value = 0;
    launch_kernel(nullptr, "one_address", {blocks, 32}, one_address_kernel, &value);
    return value;
}

std::vector<float> read_unwritten_shared(unsigned threads) {
    std::vector<float> output(threads);
    launch_kernel(nullptr, "read_unwritten", {1, threads}, read_unwritten_kernel, output.data());
    return output;
}

void past_fixed_array(unsigned offset) {
    launch_kernel(nullptr, "past_fixed_array", {1, 32}, past_fixed_array_kernel, offset);
}

void past_dynamic_shared() {
    float output[32] = {};
    launch_kernel(nullptr, "past_dynamic_shared", {1, 32, 32 * sizeof(float)},
                  past_dynamic_shared_kernel, output);
}

void write_at(float* output, unsigned index) {
    launch_kernel(nullptr, "write_at", {1, 1}, write_at_kernel, output, index);
}

float misaligned_vector_load(const float* input) {
    float output = 0.0f;
    launch_kernel(nullptr, "misaligned_load", {1, 1}, misaligned_load_kernel, input, &output);
    return output;
}

float misaligned_vector_member(const float* input) {
    float output = 0.0f;
    launch_kernel(nullptr, "misaligned_member", {1, 1}, misaligned_member_kernel, input, &output);
    return output;
}

int asynchronous_copy(CopyFault fault, unsigned threads) {
    std::vector<int> input(threads);
    std::vector<int> output(threads);
    for (unsigned i = 0; i < threads; ++i) input[i] = static_cast<int>(i);
    launch_kernel(nullptr, "asynchronous_copy", {1, threads, threads * sizeof(int)},
                  asynchronous_copy_kernel, input.data(), output.data(), fault);
    int wrong = 0;
    for (unsigned i = 0; i < threads; ++i) {
        if (output[i] != static_cast<int>((i + 1) % threads)) ++wrong;
    }
    return wrong;
}

void unfinished_copy() {
    const int input = 1;
    launch_kernel(nullptr, "unfinished_copy", {1, 1, sizeof(int)}, unfinished_copy_kernel, &input);
}

}  // namespace elm::planted

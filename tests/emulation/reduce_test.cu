#include "kernels/core/cuda/reduce.cuh"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/core/cuda/launch.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "tests/emulation/emulation_test_support.h"

namespace elm {
namespace {

__global__ void warp_reduce_kernel(const int* input, int* sum, int* largest, int* smallest) {
    const unsigned i = threadIdx.x;
    sum[i] = warp_sum(input[i]);
    largest[i] = warp_max(input[i]);
    smallest[i] = warp_min(input[i]);
}

TEST(WarpReduce, gives_every_lane_the_result_of_its_warp) {
    std::vector<int> input(64);
    for (int i = 0; i < 64; ++i) input[static_cast<std::size_t>(i)] = i * 29 % 64 - 20;
    for (const planted::Schedule& schedule : planted::all_schedules()) {
        const planted::ScopedSchedule scope(schedule);
        std::vector<int> sum(64), largest(64), smallest(64);
        launch_kernel(nullptr, "warp_reduce", {1, 64}, warp_reduce_kernel, input.data(), sum.data(),
                      largest.data(), smallest.data());
        for (std::size_t i = 0; i < 64; ++i) {
            int expected_sum = 0;
            int expected_largest = input[i / 32 * 32];
            int expected_smallest = expected_largest;
            for (std::size_t j = i / 32 * 32; j < i / 32 * 32 + 32; ++j) {
                expected_sum += input[j];
                expected_largest = std::max(expected_largest, input[j]);
                expected_smallest = std::min(expected_smallest, input[j]);
            }
            EXPECT_EQ(sum[i], expected_sum);
            EXPECT_EQ(largest[i], expected_largest);
            EXPECT_EQ(smallest[i], expected_smallest);
        }
    }
}

struct BlockShared {
    BlockReduceStorage<double> storage;
};

__global__ void block_reduce_kernel(double* sums, double* largest) {
    auto& shared = block_shared<BlockShared>();
    const unsigned thread = threadIdx.x + blockDim.x * threadIdx.y;
    // Twice the same storage, with nothing between.
    sums[thread] = block_sum(static_cast<double>(thread), shared.storage);
    largest[thread] = block_max(static_cast<double>(thread * 7 % 1024), shared.storage);
}

TEST(BlockReduce, gives_every_thread_the_result_of_the_block) {
    for (const planted::Schedule& schedule : planted::all_schedules()) {
        const planted::ScopedSchedule scope(schedule);
        for (const dim3 threads : {dim3(32), dim3(96), dim3(16, 4), dim3(1024)}) {
            const unsigned count = threads.x * threads.y;
            std::vector<double> sums(count), largest(count);
            launch_kernel(nullptr, "block_reduce", {1, threads}, block_reduce_kernel, sums.data(),
                          largest.data());
            double expected = 0;
            for (unsigned i = 0; i < count; ++i) expected = std::max(expected, i * 7 % 1024 + 0.0);
            for (unsigned i = 0; i < count; ++i) {
                EXPECT_EQ(sums[i], count * (count - 1) / 2);
                EXPECT_EQ(largest[i], expected);
            }
        }
    }
}

__global__ void two_calls_kernel(float* output) {
    // The helper's own lines are equal; the callers' are not.
    const float value = 1.0f;
    if (threadIdx.x < 16) {
        output[threadIdx.x] = warp_sum(value);
    } else {
        output[threadIdx.x] = warp_sum(value);
    }
}

TEST(WarpReduce, from_two_branches_is_reported) {
    planted::expect_fault_in_all_schedules(
        [] {
            float output[32];
            launch_kernel(nullptr, "two_calls", {1, 32}, two_calls_kernel, output);
        },
        {"lanes of one warp are at different operations", "at reduce_test.cu:"});
}

}  // namespace
}  // namespace elm

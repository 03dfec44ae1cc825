#include "kernels/core/cuda/async_copy.cuh"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "kernels/core/cuda/launch.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "tests/emulation/emulation_test_support.h"

namespace elm {
namespace {

using planted::all_schedules;
using planted::expect_fault_in_all_schedules;
using planted::Schedule;
using planted::ScopedSchedule;

/// Sums chunks of blockDim.x numbers with two buffers, the next copy under way during each sum.
template <int Numbers>
__global__ void pipeline_kernel(const int* input, int chunks, int* output) {
    const int width = static_cast<int>(blockDim.x) * Numbers;
    int* buffers = dynamic_shared<int>(static_cast<std::size_t>(2 * width));
    const int first = static_cast<int>(threadIdx.x) * Numbers;
    const auto start = [&](int chunk) {
        copy_async<4 * Numbers>(&buffers[chunk % 2 * width + first], &input[chunk * width + first]);
        copy_async_commit();
    };
    int sum = 0;
    start(0);
    for (int chunk = 0; chunk < chunks; ++chunk) {
        if (chunk + 1 < chunks) {
            start(chunk + 1);
            copy_async_wait<1>();
        } else {
            copy_async_wait<0>();
        }
        __syncthreads();
        for (int i = 0; i < width; ++i) sum += buffers[chunk % 2 * width + i];
        __syncthreads();
    }
    output[threadIdx.x] = sum;
}

template <int Numbers>
void expect_pipeline_sums(unsigned threads, int chunks) {
    alignas(16) static int input[4096];
    const int count = static_cast<int>(threads) * Numbers * chunks;
    std::iota(input, input + count, 1);
    std::vector<int> output(threads);
    launch_kernel(nullptr, "pipeline", {1, threads, 2 * threads * Numbers * sizeof(int)},
                  pipeline_kernel<Numbers>, input, chunks, output.data());
    for (const int sum : output) EXPECT_EQ(sum, count * (count + 1) / 2);
}

TEST(AsyncCopy, fills_two_buffers_in_turn) {
    for (const Schedule& schedule : all_schedules()) {
        const ScopedSchedule scope(schedule);
        for (const int chunks : {1, 2, 5}) {
            expect_pipeline_sums<1>(32, chunks);
            expect_pipeline_sums<2>(32, chunks);
            expect_pipeline_sums<4>(64, chunks);
        }
    }
}

__global__ void two_groups_kernel(const int* input, int* output) {
    int* shared = dynamic_shared<int>(2);
    copy_async<4>(&shared[0], &input[0]);
    copy_async_commit();
    copy_async<4>(&shared[1], &input[1]);
    copy_async_commit();
    copy_async_wait<1>();
    output[0] = shared[0];
    output[1] = shared[1];
    copy_async_wait<0>();
    output[2] = shared[1];
}

TEST(AsyncCopy, newest_groups_stay_poisoned_until_their_wait) {
    const int input[2] = {5, 6};
    int output[3] = {};
    launch_kernel(nullptr, "two_groups", {1, 1, 8}, two_groups_kernel, input, output);
    EXPECT_EQ(output[0], 5);
    EXPECT_EQ(output[1], -1);
    EXPECT_EQ(output[2], 6);
}

__global__ void partly_outside_kernel(const int* input, int count, int* output) {
    int* shared = dynamic_shared<int>(blockDim.x);
    const int i = static_cast<int>(threadIdx.x);
    copy_async<4>(&shared[i], &input[i < count ? i : 0], i < count);
    copy_async_commit();
    copy_async_wait<0>();
    output[i] = shared[i];
}

TEST(AsyncCopy, outside_becomes_zero) {
    const int input[3] = {1, 2, 3};
    std::vector<int> output(32, -1);
    launch_kernel(nullptr, "partly_outside", {1, 32, 128}, partly_outside_kernel, input, 3,
                  output.data());
    std::vector<int> expected(32, 0);
    std::iota(expected.begin(), expected.begin() + 3, 1);
    EXPECT_EQ(output, expected);
}

__global__ void misaligned_copy_kernel(const int* input) {
    int* shared = dynamic_shared<int>(8);
    copy_async<16>(shared, input);
}

TEST(AsyncCopy, misaligned_address_is_reported) {
    alignas(16) static const int input[8] = {};
    expect_fault_in_all_schedules(
        [] {
            launch_kernel(nullptr, "misaligned", {1, 1, 32}, misaligned_copy_kernel, input + 1);
        },
        {"asynchronous copy of 16 bytes: an address is not a multiple of that"});
}

__global__ void uncommitted_kernel(const int* input, int* output) {
    int* shared = dynamic_shared<int>(1);
    copy_async<4>(shared, input);
    copy_async_wait<0>();
    *output = *shared;
}

TEST(AsyncCopy, that_was_not_committed_is_not_waited_for) {
    const int input = 5;
    int output = 0;
    EXPECT_NE(
        planted::report_of([&] {
            launch_kernel(nullptr, "uncommitted", {1, 1, 4}, uncommitted_kernel, &input, &output);
        }).find("unfinished asynchronous copies"),
        std::string::npos);
    EXPECT_EQ(output, -1);
}

}  // namespace
}  // namespace elm

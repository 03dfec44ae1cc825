// The names of CUDA that emulation.h provides, against what the CUDA C++ Programming Guide says of
// them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/core/cuda/launch.cuh"
#include "tests/emulation/emulation_test_support.h"

namespace elm {
namespace {

using planted::all_schedules;
using planted::Schedule;
using planted::ScopedSchedule;

static_assert(alignof(float4) == 16 && alignof(float2) == 8 && alignof(float3) == 4);
static_assert(alignof(double2) == 16 && alignof(int4) == 16 && alignof(uchar4) == 4);
static_assert(alignof(short2) == 4 && alignof(longlong2) == 16);

/// Runs one warp of a kernel that writes one T per lane.
template <class T, class... Parameters, class... Arguments>
std::vector<T> run_warp(void (*kernel)(T*, Parameters...), Arguments... arguments) {
    std::vector<T> output(32);
    launch_kernel(nullptr, "warp", {1, 32}, kernel, output.data(), arguments...);
    return output;
}

__global__ void shuffle_kernel(int* output, int kind, int argument, int width) {
    const int lane = static_cast<int>(threadIdx.x);
    const auto delta = static_cast<unsigned>(argument);
    if (kind == 0) output[lane] = __shfl_sync(all_lanes, lane, argument, width);
    if (kind == 1) output[lane] = __shfl_up_sync(all_lanes, lane, delta, width);
    if (kind == 2) output[lane] = __shfl_down_sync(all_lanes, lane, delta, width);
    if (kind == 3) output[lane] = __shfl_xor_sync(all_lanes, lane, argument, width);
}

TEST(Shuffle, reads_the_lane_that_the_manual_names) {
    for (const int width : {1, 2, 8, 32}) {
        for (const int argument : {0, 1, 3, 7, 31}) {
            for (int lane = 0; lane < 32; ++lane) {
                const int segment = lane / width * width;
                const int up = lane - argument;
                const int down = lane + argument;
                const int flipped = lane ^ argument;
                const int expected[] = {segment + argument % width, up >= segment ? up : lane,
                                        down < segment + width ? down : lane,
                                        flipped < segment + width ? flipped : lane};
                static std::vector<int> results[4];
                for (int kind = 0; kind < 4; ++kind) {
                    auto& result = results[kind];
                    if (lane == 0) result = run_warp(shuffle_kernel, kind, argument, width);
                    EXPECT_EQ(result[static_cast<std::size_t>(lane)], expected[kind])
                        << "kind " << kind << " argument " << argument << " width " << width
                        << " lane " << lane;
                }
            }
        }
    }
}

TEST(Shuffle, width_that_is_no_power_of_two_is_reported) {
    planted::expect_fault_in_all_schedules([] { run_warp(shuffle_kernel, 0, 0, 12); },
                                           {"width 12 is no power of two"});
}

__global__ void shuffle_double_kernel(double* output) {
    output[threadIdx.x] = __shfl_sync(all_lanes, 0.1 * static_cast<double>(threadIdx.x), 7);
}

TEST(Shuffle, carries_eight_bytes) {
    for (const double value : run_warp(shuffle_double_kernel)) EXPECT_EQ(value, 0.1 * 7.0);
}

__global__ void vote_kernel(unsigned* output) {
    const unsigned lane = threadIdx.x;
    const unsigned even = 0x55555555u;
    unsigned result = __ballot_sync(all_lanes, lane < 5);
    result += __any_sync(all_lanes, lane == 31) != 0 ? 1000 : 0;
    result += __all_sync(all_lanes, lane < 31) != 0 ? 100000 : 0;
    if (lane % 2 == 0) result += __all_sync(even, lane < 31) != 0 ? 10000 : 0;
    output[lane] = result;
}

TEST(Vote, counts_the_named_lanes) {
    for (const Schedule& schedule : all_schedules()) {
        const ScopedSchedule scope(schedule);
        const std::vector<unsigned> output = run_warp(vote_kernel);
        for (std::size_t lane = 0; lane < 32; ++lane) {
            EXPECT_EQ(output[lane], 31u + 1000u + (lane % 2 == 0 ? 10000u : 0u));
        }
    }
}

__global__ void match_kernel(unsigned* output) {
    output[threadIdx.x] = __match_any_sync(all_lanes, threadIdx.x % 4);
}

TEST(MatchAny, names_the_lanes_of_equal_value) {
    const std::vector<unsigned> output = run_warp(match_kernel);
    for (std::size_t lane = 0; lane < 32; ++lane) EXPECT_EQ(output[lane], 0x11111111u << lane % 4);
}

__global__ void reduce_kernel(int* output) {
    const int lane = static_cast<int>(threadIdx.x);
    const unsigned bits = 1u << threadIdx.x;
    const int total = __reduce_add_sync(all_lanes, lane) == 496 &&
                      __reduce_min_sync(all_lanes, 3 - lane) == -28 &&
                      __reduce_max_sync(all_lanes, 3 - lane) == 3 &&
                      __reduce_or_sync(all_lanes, bits) == all_lanes &&
                      __reduce_and_sync(all_lanes, ~bits) == 0 &&
                      __reduce_xor_sync(all_lanes, bits | 1u) == (all_lanes & ~1u);
    output[lane] = total;
}

TEST(Reduce, combines_all_lanes) {
    for (const int right : run_warp(reduce_kernel)) EXPECT_EQ(right, 1);
}

__global__ void predicate_barrier_kernel(int* output) {
    const int i = static_cast<int>(threadIdx.x);
    const int count = __syncthreads_count(i % 3 == 0);
    const int all = __syncthreads_and(i < 64);
    const int not_all = __syncthreads_and(i < 63);
    const int any = __syncthreads_or(i == 63);
    const int none = __syncthreads_or(i == 64);
    output[i] = count + 100 * all + 1000 * not_all + 10000 * any + 100000 * none;
}

TEST(Barrier, counts_predicates) {
    for (const Schedule& schedule : all_schedules()) {
        const ScopedSchedule scope(schedule);
        std::vector<int> output(64);
        launch_kernel(nullptr, "predicates", {1, 64}, predicate_barrier_kernel, output.data());
        for (const int value : output) EXPECT_EQ(value, 22 + 100 + 10000);
    }
}

struct Atomics {
    int sum = 0;
    float real_sum = 0;
    double double_sum = 0;
    int largest = -1;
    int smallest = 1000;
    unsigned bits = 0;
    unsigned cleared = ~0u;
    unsigned flipped = 0;
    unsigned long long long_sum = 0;
    int left = 100;
    int last = -1;
    int taken = -1;
    int winners = 0;
};

__global__ void atomics_kernel(Atomics* all) {
    const int i = static_cast<int>(threadIdx.x);
    atomicAdd(&all->sum, i);
    atomicAdd(&all->real_sum, 0.5f);
    atomicAdd(&all->double_sum, 0.5);
    atomicAdd(&all->long_sum, 1ull << 33);
    atomicSub(&all->left, 1);
    atomicMax(&all->largest, i);
    atomicMin(&all->smallest, i);
    atomicOr(&all->bits, 1u << i % 32);
    atomicAnd(&all->cleared, ~(1u << i % 32));
    atomicXor(&all->flipped, 1u << i % 32);
    atomicExch(&all->last, i);
    if (atomicCAS(&all->taken, -1, i) == -1) atomicAdd(&all->winners, 1);
}

TEST(Atomics, update_once_per_thread) {
    for (const Schedule& schedule : all_schedules()) {
        const ScopedSchedule scope(schedule);
        Atomics all;
        launch_kernel(nullptr, "atomics", {1, 64}, atomics_kernel, &all);
        EXPECT_EQ(all.sum, 64 * 63 / 2);
        EXPECT_EQ(all.real_sum, 32.0f);
        EXPECT_EQ(all.double_sum, 32.0);
        EXPECT_EQ(all.long_sum, 64ull << 33);
        EXPECT_EQ(all.left, 36);
        EXPECT_EQ(all.largest, 63);
        EXPECT_EQ(all.smallest, 0);
        EXPECT_EQ(all.bits, ~0u);
        EXPECT_EQ(all.cleared, 0u);
        EXPECT_EQ(all.flipped, 0u);
        EXPECT_TRUE(all.last >= 0 && all.last < 64);
        EXPECT_EQ(all.winners, 1);
    }
}

TEST(Maths, follows_the_accurate_function) {
    EXPECT_FLOAT_EQ(__expf(1.5f), std::exp(1.5f));
    EXPECT_FLOAT_EQ(rsqrtf(4.0f), 0.5f);
    EXPECT_EQ(__float2int_rn(2.5f), 2);
    EXPECT_EQ(__float2int_rn(3.5f), 4);
    EXPECT_EQ(__float2int_rd(-1.5f), -2);
    EXPECT_EQ(__clz(1), 31);
    EXPECT_EQ(__ffs(8), 4);
    EXPECT_EQ(__popc(0xF0F0u), 8);
    EXPECT_EQ(__umulhi(1u << 31, 4u), 2u);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(::max(nan, 1.0f), 1.0f);
    EXPECT_EQ(::min(1.0f, nan), 1.0f);
    EXPECT_EQ(__saturatef(nan), 0.0f);
}

}  // namespace
}  // namespace elm

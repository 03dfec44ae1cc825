#include "kernels/core/cuda/cooperative.cuh"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/core/cuda/launch.cuh"
#include "tests/emulation/emulation_test_support.h"

namespace elm {
namespace {

using planted::all_schedules;
using planted::expect_fault_in_all_schedules;
using planted::Schedule;
using planted::ScopedSchedule;

constexpr unsigned blocks = 4;
constexpr unsigned threads = 32;

/// Every thread reads what its opposite in another block wrote.
__global__ void opposite_kernel(int* first, int* second, int rounds) {
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    const unsigned opposite = gridDim.x * blockDim.x - 1 - i;
    for (int round = 0; round < rounds; ++round) {
        first[i] = static_cast<int>(i) + round;
        grid_sync();
        second[i] = first[opposite];
        grid_sync();
    }
}

TEST(GridSync, orders_blocks) {
    for (const Schedule& schedule : all_schedules()) {
        const ScopedSchedule scope(schedule);
        std::vector<int> first(blocks * threads), second(blocks * threads);
        launch_kernel(nullptr, "opposite",
                      {.blocks = blocks, .threads = threads, .cooperative = true}, opposite_kernel,
                      first.data(), second.data(), 3);
        for (std::size_t i = 0; i < second.size(); ++i) {
            EXPECT_EQ(second[i], static_cast<int>(second.size() - 1 - i) + 2);
        }
    }
}

__global__ void grid_sync_kernel() { grid_sync(); }

TEST(GridSync, outside_a_cooperative_launch_is_reported) {
    expect_fault_in_all_schedules(
        [] {
            launch_kernel(nullptr, "grid_sync", {2, 32}, grid_sync_kernel);
        },
        {"grid_sync in a launch that is not cooperative"});
}

__global__ void partial_grid_sync_kernel() {
    if (blockIdx.x == 0) grid_sync();
}

TEST(GridSync, that_a_block_misses_is_reported) {
    expect_fault_in_all_schedules(
        [] {
            launch_kernel(nullptr, "partial", {.blocks = 2, .threads = 32, .cooperative = true},
                          partial_grid_sync_kernel);
        },
        {"threads returned before a barrier that others wait in", "32 threads wait in grid_sync"});
}

TEST(CooperativeLaunch, above_the_resident_blocks_is_refused) {
    emulation::Limits small = emulation::limits();
    const emulation::Limits before = small;
    small.multiprocessors = 1;
    emulation::set_limits(small);
    const auto launch_blocks = [](unsigned count) {
        launch_kernel(nullptr, "grid_sync", {.blocks = count, .threads = 1024, .cooperative = true},
                      grid_sync_kernel);
    };
    EXPECT_NO_THROW(launch_blocks(2));
    EXPECT_NE(planted::report_of([&] {
                  launch_blocks(3);
              }).find("a cooperative launch of 3 blocks, at most 2 are resident"),
              std::string::npos);
    emulation::set_limits(before);
}

struct IsSet {
    __device__ bool operator()(int value) const { return value != 0; }
};

/// Each block waits for its predecessor and passes a number on.
__global__ void chain_kernel(int* flags, int* values) {
    if (threadIdx.x != 0) return;
    const unsigned block = blockIdx.x;
    if (block > 0) {
        wait_until(&flags[block - 1], IsSet{});
        values[block] = values[block - 1] + 1;
    }
    publish(&flags[block], 1);
}

TEST(WaitUntil, passes_values_from_block_to_block) {
    for (const Schedule& schedule : all_schedules()) {
        const ScopedSchedule scope(schedule);
        std::vector<int> flags(blocks), values(blocks);
        launch_kernel(nullptr, "chain", {.blocks = blocks, .threads = threads, .cooperative = true},
                      chain_kernel, flags.data(), values.data());
        EXPECT_EQ(values.back(), static_cast<int>(blocks) - 1);
    }
}

TEST(WaitUntil, for_a_block_that_has_not_started_is_reported) {
    const ScopedSchedule scope({.order = planted::Order::reverse});
    std::vector<int> flags(2), values(2);
    EXPECT_NE(planted::report_of([&] {
                  launch_kernel(nullptr, "chain", {2, threads}, chain_kernel, flags.data(),
                                values.data());
              }).find("livelock"),
              std::string::npos);
}

}  // namespace
}  // namespace elm

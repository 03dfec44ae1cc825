#include "kernels/core/cuda/launch.cuh"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "kernels/core/cuda/shared.cuh"
#include "tests/emulation/emulation_test_support.h"

namespace elm {
namespace {

using planted::all_schedules;
using planted::DeviceFault;
using planted::Order;
using planted::report_of;
using planted::Schedule;
using planted::ScopedSchedule;

__global__ void record_order_kernel(unsigned* order, unsigned* next, bool barrier) {
    if (barrier) __syncthreads();
    order[atomicAdd(next, 1)] = blockIdx.x * blockDim.x + threadIdx.x;
}

std::vector<unsigned> order_of(const Schedule& schedule, bool barrier = false) {
    const ScopedSchedule scope(schedule);
    std::vector<unsigned> order(3 * 64);
    unsigned next = 0;
    launch_kernel(nullptr, "record_order", {3, 64}, record_order_kernel, order.data(), &next,
                  barrier);
    return order;
}

TEST(Schedule, forward_and_reverse_are_what_they_say) {
    for (const bool barrier : {false, true}) {
        std::vector<unsigned> order = order_of({.order = Order::forward}, barrier);
        EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
        order = order_of({.order = Order::reverse}, barrier);
        EXPECT_TRUE(std::is_sorted(order.rbegin(), order.rend()));
    }
}

TEST(Schedule, random_order_repeats_with_its_seed) {
    const std::vector<unsigned> first = order_of({.order = Order::random, .seed = 5});
    EXPECT_EQ(first, order_of({.order = Order::random, .seed = 5}));
    EXPECT_NE(first, order_of({.order = Order::random, .seed = 6}));
    std::vector<unsigned> sorted = first;
    std::sort(sorted.begin(), sorted.end());
    for (unsigned i = 0; i < sorted.size(); ++i) EXPECT_EQ(sorted[i], i);
}

__global__ void indices_kernel(uint3* output) {
    const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    const unsigned threads = blockDim.x * blockDim.y * blockDim.z;
    output[block * threads + thread] = {thread, block, threads};
}

TEST(Launch, visits_each_thread_of_a_three_dimensional_grid) {
    for (const Schedule& schedule : all_schedules()) {
        const ScopedSchedule scope(schedule);
        std::vector<uint3> output(2 * 3 * 4 * 30);
        const std::uint64_t before = emulation::finished_threads();
        launch_kernel(nullptr, "indices", {{2, 3, 4}, {5, 3, 2}}, indices_kernel, output.data());
        EXPECT_EQ(emulation::finished_threads() - before, output.size());
        for (unsigned i = 0; i < output.size(); ++i) {
            EXPECT_EQ(output[i].x, i % 30);
            EXPECT_EQ(output[i].y, i / 30);
            EXPECT_EQ(output[i].z, 30u);
        }
    }
}

__global__ void nothing_kernel() {}

TEST(Launch, empty_grid_runs_nothing) {
    const std::uint64_t before = emulation::finished_threads();
    launch_kernel(nullptr, "nothing", {0, 32}, nothing_kernel);
    launch_kernel(nullptr, "nothing", {{4, 0}, 32}, nothing_kernel);
    EXPECT_EQ(emulation::finished_threads(), before);
}

TEST(Launch, above_a_limit_is_refused) {
    const auto refusal = [](const LaunchShape& shape) {
        return report_of([&] { launch_kernel(nullptr, "nothing", shape, nothing_kernel); });
    };
    const auto expect = [](const std::string& report, const char* part) {
        EXPECT_NE(report.find(part), std::string::npos) << report;
        EXPECT_NE(report.find("kernel \"nothing\" cannot be launched"), std::string::npos)
            << report;
    };
    expect(refusal({1, 1025}), "more than 1024 threads per block");
    expect(refusal({1, {64, 32}}), "more than 1024 threads per block");
    expect(refusal({1, {1, 1, 65}}), "more than 64 threads in z");
    expect(refusal({1, 0}), "a block without threads");
    expect(refusal({{1, 65536}, 32}), "more than 65535 blocks in y or z");
    expect(refusal({0x80000000u, 32}), "blocks in x");
    expect(refusal({1, 32, 163 * 1024 + 1}), "bytes of dynamic shared memory, at most 166912");
    EXPECT_NO_THROW(launch_kernel(nullptr, "nothing", {1, 32, 163 * 1024}, nothing_kernel));
}

template <int Index>
struct Large {
    char bytes[30 * 1024];
};

__global__ void too_much_static_kernel() {
    block_shared<Large<0>>().bytes[0] = 0;
    block_shared<Large<1>>().bytes[0] = 0;
}

__global__ void too_much_dynamic_kernel() { dynamic_shared<float>(9)[0] = 0.0f; }

TEST(SharedMemory, above_what_there_is_is_reported) {
    planted::expect_fault_in_all_schedules(
        [] {
            launch_kernel(nullptr, "static", {1, 32}, too_much_static_kernel);
        },
        {"static shared memory above 49152 bytes: 61440"});
    planted::expect_fault_in_all_schedules(
        [] {
            launch_kernel(nullptr, "dynamic", {1, 32, 32}, too_much_dynamic_kernel);
        },
        {"dynamic shared memory: the kernel asks for 36 bytes, the launch gave 32"});
}

struct First {
    int value;
};
struct Second {
    int value;
};

__global__ void storage_kernel(bool* right) {
    auto& first = block_shared<First>();
    auto& again = block_shared<First>();
    auto& other = block_shared<Second>();
    // A block finds poison whatever the block before it left.
    *right = *right && &first == &again && static_cast<void*>(&first) != &other &&
             first.value == -1 && dynamic_shared<int>(2)[1] == -1;
    first.value = 0;
    dynamic_shared<int>(2)[1] = 0;
}

TEST(SharedMemory, is_one_per_type_and_fresh_in_each_block) {
    bool right = true;
    launch_kernel(nullptr, "storage", {3, 1, 8}, storage_kernel, &right);
    EXPECT_TRUE(right);
}

__global__ void nested_kernel() { launch_kernel(nullptr, "inner", {1, 1}, nothing_kernel); }

TEST(Launch, from_a_kernel_is_reported) {
    planted::expect_fault_in_all_schedules(
        [] {
            launch_kernel(nullptr, "outer", {1, 1}, nested_kernel);
        },
        {"kernel \"outer\": a kernel cannot launch a kernel"});
}

__global__ void throwing_kernel() {
    if (threadIdx.x == 3) throw std::out_of_range("index 9 of 4");
    __syncthreads();
}

TEST(Launch, names_the_thread_of_a_host_exception) {
    planted::expect_fault_in_all_schedules(
        [] {
            launch_kernel(nullptr, "throwing", {1, 32}, throwing_kernel);
        },
        {"kernel \"throwing\": index 9 of 4 (block 0,0,0; thread 3,0,0;"});
}

TEST(Launch, goes_on_after_a_fault) {
    for (int i = 0; i < 20; ++i) {
        EXPECT_THROW(launch_kernel(nullptr, "throwing", {1, 32}, throwing_kernel), DeviceFault);
        EXPECT_FALSE(emulation::in_kernel());
        order_of({.order = Order::random, .seed = 3}, true);
    }
}

__global__ void deep_stack_kernel(int* output) {
    volatile int values[8000];
    for (int i = 0; i < 8000; ++i) values[i] = i;
    __syncthreads();
    output[threadIdx.x] = values[7999];
}

TEST(Launch, gives_each_thread_a_stack_of_64_kilobytes) {
    std::vector<int> output(64);
    launch_kernel(nullptr, "deep_stack", {1, 64}, deep_stack_kernel, output.data());
    for (const int value : output) EXPECT_EQ(value, 7999);
}

TEST(DeviceFunction, outside_a_kernel_is_refused) {
    EXPECT_THROW(__syncthreads(), DeviceFault);
    EXPECT_THROW(__syncwarp(), DeviceFault);
    EXPECT_NO_THROW(preemption_point());
}

}  // namespace
}  // namespace elm

#include "kernels/core/cuda/emulation/runtime.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "tests/emulation/emulation_test_support.h"
#include "tests/emulation/planted/planted.h"

namespace elm {
namespace {

using emulation::device_allocate;
using emulation::device_copy;
using emulation::device_free;
using emulation::device_set;
using emulation::is_device_pointer;

TEST(DeviceHeap, gives_aligned_memory_of_all_ones) {
    for (const std::size_t bytes : {1u, 3u, 16u, 100u, 4096u, 4097u, 100000u}) {
        auto* buffer = static_cast<unsigned char*>(device_allocate(bytes));
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer) % 16, 0u);
        for (std::size_t i = 0; i < bytes; ++i) ASSERT_EQ(buffer[i], 0xFF);
        device_free(buffer);
    }
    EXPECT_EQ(device_allocate(0), nullptr);
    EXPECT_NO_THROW(device_free(nullptr));
}

TEST(DeviceHeap, knows_its_pointers) {
    const std::size_t before = emulation::device_bytes_in_use();
    auto* buffer = static_cast<char*>(device_allocate(100));
    EXPECT_EQ(emulation::device_bytes_in_use(), before + 100);
    EXPECT_TRUE(is_device_pointer(buffer));
    EXPECT_TRUE(is_device_pointer(buffer + 99));
    EXPECT_FALSE(is_device_pointer(buffer + 100));
    EXPECT_FALSE(is_device_pointer(&before));
    device_free(buffer);
    EXPECT_FALSE(is_device_pointer(buffer));
    EXPECT_EQ(emulation::device_bytes_in_use(), before);
}

TEST(DeviceHeap, copies_and_sets) {
    const std::vector<int> input = {1, 2, 3, 4};
    std::vector<int> output(4);
    auto* first = static_cast<int*>(device_allocate(16));
    auto* second = static_cast<int*>(device_allocate(16));
    device_copy(first, input.data(), 16);
    device_copy(second, first, 16);
    device_set(second, 0, 4);
    device_copy(output.data(), second, 16);
    EXPECT_EQ(output, (std::vector<int>{0, 2, 3, 4}));
    device_free(first);
    device_free(second);
}

TEST(DeviceHeap, refuses_copies_beyond_a_buffer) {
    char host[32] = {};
    auto* buffer = static_cast<char*>(device_allocate(16));
    EXPECT_THROW(device_copy(buffer, host, 17), emulation::DeviceFault);
    EXPECT_THROW(device_copy(host, buffer + 8, 9), emulation::DeviceFault);
    EXPECT_THROW(device_set(buffer + 1, 0, 16), emulation::DeviceFault);
    device_free(buffer);
}

TEST(DeviceHeap, refuses_to_free_what_it_did_not_give) {
    int host = 0;
    auto* buffer = static_cast<char*>(device_allocate(16));
    EXPECT_THROW(device_free(&host), emulation::DeviceFault);
    EXPECT_THROW(device_free(buffer + 1), emulation::DeviceFault);
    device_free(buffer);
    EXPECT_THROW(device_free(buffer), emulation::DeviceFault);
}

TEST(DeviceHeap, finds_a_write_in_front_of_or_just_behind_a_buffer) {
    if (emulation::address_sanitizer_present())
        GTEST_SKIP() << "AddressSanitizer stops at the write";
    auto* buffer = static_cast<float*>(device_allocate(4 * sizeof(float)));
    planted::write_at(buffer - 1, 0);
    EXPECT_THROW(device_free(buffer), emulation::DeviceFault);
    buffer = static_cast<float*>(device_allocate(3 * sizeof(float)));
    planted::write_at(buffer, 3);  // between the buffer and the guard page
    EXPECT_THROW(device_free(buffer), emulation::DeviceFault);
}

TEST(DeviceHeapDeathTest, write_behind_a_buffer_meets_the_guard_page) {
    if (emulation::address_sanitizer_present())
        GTEST_SKIP() << "AddressSanitizer stops at the write";
    auto* buffer = static_cast<float*>(device_allocate(4 * sizeof(float)));
    EXPECT_EXIT(planted::write_at(buffer, 4), testing::KilledBySignal(SIGSEGV), "");
    device_free(buffer);
}

TEST(Environment, chooses_the_schedule) {
    const auto with = [](const char* name, const char* value) {
        setenv(name, value, 1);
        const emulation::Schedule result = emulation::Schedule::from_environment();
        unsetenv(name);
        return result;
    };
    EXPECT_EQ(with("ELM_EMULATE_ORDER", "reverse").order, emulation::Order::reverse);
    EXPECT_EQ(with("ELM_EMULATE_SEED", "42").order, emulation::Order::random);
    EXPECT_EQ(with("ELM_EMULATE_SEED", "42").seed, 42u);
    EXPECT_TRUE(with("ELM_EMULATE_PREEMPT", "1").preempt);
    EXPECT_FALSE(with("ELM_EMULATE_PREEMPT", "0").preempt);
    EXPECT_TRUE(with("ELM_EMULATE_CONCURRENT_BLOCKS", "1").concurrent_blocks);
    EXPECT_THROW(with("ELM_EMULATE_ORDER", "sideways"), std::invalid_argument);
    EXPECT_THROW(with("ELM_EMULATE_SEED", "4x"), std::invalid_argument);
    EXPECT_THROW(with("ELM_EMULATE_PREEMPT", "yes"), std::invalid_argument);
    for (const char* name : {"ELM_EMULATE_ORDER", "ELM_EMULATE_SEED", "ELM_EMULATE_PREEMPT"}) {
        unsetenv(name);
    }
}

}  // namespace
}  // namespace elm

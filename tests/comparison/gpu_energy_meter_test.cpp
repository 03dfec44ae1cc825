#include "tasks/comparison/gpu_energy_meter.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace elm {
namespace {

constexpr const char* there = "0000:01:00.0";

void set_counter(const char* millijoules) { setenv("ELM_MADE_UP_MILLIJOULES", millijoules, 1); }

TEST(GpuEnergyMeter, counts_from_its_beginning) {
    set_counter("1000500");
    const GpuEnergyMeter meter(there, ELM_MADE_UP_NVML);
    EXPECT_DOUBLE_EQ(meter.joules().value(), 0);
    set_counter("1003750");
    EXPECT_NEAR(meter.joules().value(), 3.25, 1e-9);
    const GpuEnergyMeter later(there, ELM_MADE_UP_NVML);
    EXPECT_DOUBLE_EQ(later.joules().value(), 0);
    unsetenv("ELM_MADE_UP_MILLIJOULES");
    EXPECT_FALSE(meter.joules().has_value());
}

TEST(GpuEnergyMeter, is_silent_without_library_gpu_or_counter) {
    set_counter("1");
    EXPECT_FALSE(GpuEnergyMeter(there, "libno-such-library.so").joules().has_value());
    EXPECT_FALSE(GpuEnergyMeter("0000:02:00.0", ELM_MADE_UP_NVML).joules().has_value());
    EXPECT_FALSE(GpuEnergyMeter("", ELM_MADE_UP_NVML).joules().has_value());
    unsetenv("ELM_MADE_UP_MILLIJOULES");
    EXPECT_FALSE(GpuEnergyMeter(there, ELM_MADE_UP_NVML).joules().has_value());
    // A library that has none of the names.
    EXPECT_FALSE(GpuEnergyMeter(there, "libm.so.6").joules().has_value());
}

}  // namespace
}  // namespace elm

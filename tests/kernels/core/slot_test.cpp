#include "kernels/ops/kernel_list.h"

#include <gtest/gtest.h>

#include "kernels/core/device.h"
#include "kernels/core/kernel.h"
#include "kernels/core/stream.h"
#include "kernels/core/support/error.h"

namespace elm {
namespace {

#if defined(ELM_WITH_CUDA)
constexpr bool with_cuda = true;
#else
constexpr bool with_cuda = false;
#endif

TEST(Slots, are_filled_on_the_devices_of_this_build) {
    const auto kernels = all_kernels();
    EXPECT_GT(kernels.size(), 60u);
    for (const KernelEntry& kernel : kernels) {
        EXPECT_TRUE(kernel.cpu) << kernel.name;
        EXPECT_EQ(kernel.cuda, with_cuda) << kernel.name;
    }
}

TEST(Slots, an_empty_slot_is_an_error_and_no_other_device_is_taken) {
    constexpr Kernel<int> nothing{"nothing", nullptr, nullptr};
    Stream stream{Device{}};
    try {
        nothing(stream, 0);
        FAIL() << "an empty slot ran";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::unsupported);
        EXPECT_NE(error.message().find("nothing has no implementation for cpu"), std::string::npos);
    }
}

TEST(Slots, a_build_for_the_cpu_alone_says_so) {
    if (with_cuda) GTEST_SKIP() << "this build has CUDA";
    EXPECT_NE(why_no_cuda().find("no CUDA support"), std::string::npos);
    EXPECT_THROW(Stream({DeviceKind::cuda, 0}), Error);
    EXPECT_EQ(available_devices().size(), 1u);
}

}  // namespace
}  // namespace elm

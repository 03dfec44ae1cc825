#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "kernels/core/device.h"

namespace elm::test {

/// CUDA devices of this machine, or the emulated one.
inline std::vector<Device> cuda_devices() {
    std::vector<Device> devices = available_devices();
    devices.erase(devices.begin());
    return devices;
}

}  // namespace elm::test

/// Skips the test with the driver's words where there is no CUDA device. Such a test carries
/// "cuda" in its name.
#define ELM_SKIP_WITHOUT_CUDA() \
    if (::elm::test::cuda_devices().empty()) GTEST_SKIP() << ::elm::why_no_cuda()

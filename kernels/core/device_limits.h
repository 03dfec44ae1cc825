#pragma once

#include <cstddef>

#include "kernels/core/device.h"

namespace elm {

/// What kernels may ask of a device, so that what does not fit is refused before any work.
struct DeviceLimits {
    DeviceKind kind = DeviceKind::cpu;
    std::size_t shared_bytes = 0;  // that a block may have; the CPU has no such limit
};

DeviceLimits limits_of(Device device);

}  // namespace elm

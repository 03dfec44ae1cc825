#include "kernels/core/device_limits.h"

#include "kernels/core/cuda/cuda_runtime.h"

namespace elm {

DeviceLimits limits_of(Device device) {
    if (device.kind == DeviceKind::cpu) return {};
    return {device.kind, cuda::max_shared_bytes(device.index)};
}

}  // namespace elm

#include "kernels/core/stream.h"

#include "kernels/core/cuda/cuda_runtime.h"
#include "kernels/core/support/check.h"

namespace elm {

Stream::Stream(Device device) : device_(device) {
    if (device.kind == DeviceKind::cpu) return;
    if (device.index >= cuda::device_count()) {
        const std::string reason = why_no_cuda();
        throw Error(
            ErrorKind::unsupported,
            reason.empty() ? fmt::format("there is no device cuda:{}", device.index) : reason);
    }
    native_ = cuda::create_stream(device.index);
}

Stream::~Stream() {
    if (device_.kind == DeviceKind::cuda) cuda::destroy_stream(device_.index, native_);
}

void Stream::synchronize() {
    if (device_.kind == DeviceKind::cuda) cuda::synchronize(device_.index, native_);
}

}  // namespace elm

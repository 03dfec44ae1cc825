#pragma once

#include "kernels/core/device.h"

namespace elm {

/// Work on one device, done in the order it was given. CPU work is finished when the call returns.
class Stream {
public:
    /// Throws Error{unsupported} with the reason if the device is not there.
    explicit Stream(Device device);
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    Device device() const noexcept { return device_; }
    /// Waits for everything given so far. Throws Error{device} if some of it failed.
    void synchronize();
    /// The cudaStream_t of a CUDA stream, null on the CPU.
    void* native() const noexcept { return native_; }

private:
    Device device_;
    void* native_ = nullptr;
};

}  // namespace elm

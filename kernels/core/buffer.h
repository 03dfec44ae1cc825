#pragma once

#include <cstddef>

#include "kernels/core/stream.h"

namespace elm {

/// Host memory that is given back stays with this process for the next buffers, whose pages the
/// system would otherwise map and clear anew in each update of a training. For programs, once at
/// their start; with the C library of GNU.
void keep_freed_memory();

/// Bytes on one device, aligned to 64, with guard bytes of a known pattern on both sides.
/// Move-free by design: it lives behind a Tensor's shared pointer.
class Buffer {
public:
    static constexpr std::size_t guard_bytes = 64;

    /// Contents are not initialised. Throws Error{memory} naming the size if there is no room.
    Buffer(Stream& stream, std::size_t bytes);
    ~Buffer();
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    std::byte* data() const noexcept { return base_ + guard_bytes; }
    std::size_t size() const noexcept { return size_; }
    Device device() const noexcept { return device_; }

    /// False if something wrote outside the buffer. Copies the guards back from a CUDA device.
    bool guards_intact() const;

private:
    Device device_;
    std::size_t size_;
    std::byte* base_ = nullptr;
};

}  // namespace elm

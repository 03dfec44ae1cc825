#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

#include "kernels/core/buffer.h"
#include "kernels/core/cuda/cuda_runtime.h"

namespace elm::network {

/// Plain values on a CUDA device.
template <class T>
class NetworkArray {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    NetworkArray() = default;
    /// A copy of host values. Throws Error{memory}.
    NetworkArray(Stream& stream, std::span<const T> values)
        : NetworkArray(stream, static_cast<std::int64_t>(values.size())) {
        write(stream, values);
    }
    static NetworkArray zeros(Stream& stream, std::int64_t size) {
        NetworkArray array(stream, size);
        array.clear(stream);
        return array;
    }

    T* data() const { return reinterpret_cast<T*>(buffer_->data()); }
    std::int64_t size() const { return size_; }
    std::int64_t bytes() const { return size_ * static_cast<std::int64_t>(sizeof(T)); }

    /// Every byte, in the order of what is launched.
    void clear(Stream& stream, int byte = 0) {
        if (size_ == 0) return;
        cuda::fill(stream.device().index, stream.native(), data(), byte, n_bytes(size_));
    }
    /// Elements from `at` on.
    void write(Stream& stream, std::span<const T> values, std::int64_t at = 0) {
        if (values.empty()) return;
        cuda::copy(stream.device().index, stream.native(), data() + at, values.data(),
                   values.size_bytes(), cuda::CopyKind::host_to_device);
    }
    /// The first elements, once all that was launched before has ended.
    void read(Stream& stream, std::span<T> values) const {
        if (values.empty()) return;
        cuda::copy(stream.device().index, stream.native(), values.data(), data(),
                   values.size_bytes(), cuda::CopyKind::device_to_host);
    }

private:
    NetworkArray(Stream& stream, std::int64_t size)
        : size_(size),
          buffer_(std::make_unique<Buffer>(stream, n_bytes(std::max<std::int64_t>(1, size)))) {}
    static std::size_t n_bytes(std::int64_t size) {
        return static_cast<std::size_t>(size) * sizeof(T);
    }

    std::int64_t size_ = 0;
    std::unique_ptr<Buffer> buffer_;
};

}  // namespace elm::network

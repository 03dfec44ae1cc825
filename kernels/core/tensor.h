#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "kernels/core/buffer.h"
#include "kernels/core/dtype.h"
#include "kernels/core/shape.h"
#include "kernels/core/stream.h"
#include "kernels/core/view.h"

namespace elm {

/// A typed, shaped, contiguous row-major range of a shared Buffer. Copies share storage; contents
/// are written only by the op that made it.
class Tensor {
public:
    /// No elements, no storage.
    Tensor() = default;

    static Tensor empty(Stream& stream, const Shape& shape, DType dtype);
    static Tensor zeros(Stream& stream, const Shape& shape, DType dtype);
    /// A copy of host values. Throws Error{invalid} if there are not shape.size() of them.
    template <class T>
    static Tensor from(Stream& stream, const Shape& shape, std::span<const T> values) {
        Tensor tensor = empty(stream, shape, dtype_of<T>);
        tensor.assign<T>(stream, values);
        return tensor;
    }

    bool defined() const noexcept { return storage_ != nullptr; }
    const Shape& shape() const noexcept { return shape_; }
    DType dtype() const noexcept { return dtype_; }
    std::size_t bytes() const noexcept {
        return static_cast<std::size_t>(shape_.size()) * size_of(dtype_);
    }
    Device device() const;
    std::byte* data() const noexcept;

    /// Writes zeros, or a copy of as many host values, over the contents: for whoever owns them.
    void clear(Stream& stream) const;
    template <class T>
    void assign(Stream& stream, std::span<const T> values) const {
        assign_bytes(stream, dtype_of<T>, values.data(), values.size());
    }

    Tensor reshape(const Shape& shape) const;                 // same storage
    Tensor rows(std::int64_t begin, std::int64_t end) const;  // same storage, axis 0
    Tensor to(Stream& destination) const;                     // copy, on any device
    Tensor cast(Stream& stream, DType dtype) const;           // real types, CPU only
    /// Elements of a CPU tensor; throws Error{invalid} for another device or type.
    template <class T>
    std::span<T> host() const {
        return {reinterpret_cast<T*>(host_bytes(dtype_of<T>)),
                static_cast<std::size_t>(shape_.size())};
    }
    const Buffer& storage() const noexcept { return *storage_; }

private:
    void assign_bytes(Stream& stream, DType dtype, const void* values, std::size_t count) const;
    std::byte* host_bytes(DType expected) const;

    std::shared_ptr<Buffer> storage_;
    std::size_t offset_ = 0;
    Shape shape_;
    DType dtype_ = DType::f32;
};

[[noreturn]] void throw_view_mismatch(const Tensor& tensor, DType dtype, int rank);

/// View of `tensor` for a kernel. Throws Error{invalid} for another type or rank.
template <class T, int Rank>
View<T, Rank> view(const Tensor& tensor) {
    if (tensor.dtype() != dtype_of<T> || tensor.shape().rank() != Rank) {
        throw_view_mismatch(tensor, dtype_of<T>, Rank);
    }
    View<T, Rank> result{reinterpret_cast<T*>(tensor.data()), {}};
    for (int axis = 0; axis < Rank; ++axis) result.extent[axis] = tensor.shape()[axis];
    return result;
}

}  // namespace elm

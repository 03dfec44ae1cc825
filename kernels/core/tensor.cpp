#include "kernels/core/tensor.h"

#include <algorithm>
#include <cstring>

#include "kernels/core/cuda/cuda_runtime.h"
#include "kernels/core/kernel.h"
#include "kernels/core/support/check.h"

namespace elm {

Tensor Tensor::empty(Stream& stream, const Shape& shape, DType dtype) {
    Tensor tensor;
    tensor.shape_ = shape;
    tensor.dtype_ = dtype;
    tensor.storage_ = std::make_shared<Buffer>(stream, tensor.bytes());
    return tensor;
}

Tensor Tensor::zeros(Stream& stream, const Shape& shape, DType dtype) {
    Tensor tensor = empty(stream, shape, dtype);
    tensor.clear(stream);
    return tensor;
}

void Tensor::clear(Stream& stream) const {
    if (bytes() == 0) return;
    if (device().kind == DeviceKind::cuda) {
        cuda::fill(device().index, stream.native(), data(), 0, bytes());
    } else {
        std::memset(data(), 0, bytes());
    }
}

void Tensor::assign_bytes(Stream& stream, DType dtype, const void* values,
                          std::size_t count) const {
    ELM_CHECK(dtype == dtype_ && static_cast<std::int64_t>(count) == shape_.size(),
              "{} values of {} were given for a tensor of {} and shape {}", count, name_of(dtype),
              name_of(dtype_), to_string(shape_));
    if (bytes() == 0) return;
    if (device().kind == DeviceKind::cuda) {
        cuda::copy(device().index, stream.native(), data(), values, bytes(),
                   cuda::CopyKind::host_to_device);
    } else {
        std::memcpy(data(), values, bytes());
    }
}

Device Tensor::device() const {
    ELM_ASSERT(defined());
    return storage_->device();
}

std::byte* Tensor::data() const noexcept {
    return storage_ == nullptr ? nullptr : storage_->data() + offset_;
}

Tensor Tensor::reshape(const Shape& shape) const {
    ELM_CHECK(shape.size() == shape_.size(), "a tensor of shape {} cannot become {}",
              to_string(shape_), to_string(shape));
    Tensor other = *this;
    other.shape_ = shape;
    return other;
}

Tensor Tensor::rows(std::int64_t begin, std::int64_t end) const {
    ELM_CHECK(shape_.rank() > 0 && 0 <= begin && begin <= end && end <= shape_[0],
              "rows {} to {} of a tensor of shape {}", begin, end, to_string(shape_));
    Tensor part = *this;
    const std::int64_t row = shape_[0] == 0 ? 0 : shape_.size() / shape_[0];
    part.offset_ += static_cast<std::size_t>(begin * row) * size_of(dtype_);
    part.shape_ = shape_.with(0, end - begin);
    return part;
}

Tensor Tensor::to(Stream& destination) const {
    Tensor copy = empty(destination, shape_, dtype_);
    if (bytes() == 0) return copy;
    const Device from = device(), target = destination.device();
    if (from.kind == DeviceKind::cpu && target.kind == DeviceKind::cpu) {
        std::memcpy(copy.data(), data(), bytes());
        return copy;
    }
    const cuda::CopyKind kind = from.kind == DeviceKind::cpu     ? cuda::CopyKind::host_to_device
                                : target.kind == DeviceKind::cpu ? cuda::CopyKind::device_to_host
                                                                 : cuda::CopyKind::device_to_device;
    const int index = from.kind == DeviceKind::cuda ? from.index : target.index;
    // A stream of the CPU has no CUDA stream: the legacy default stream waits for all others.
    cuda::copy(index, destination.native(), copy.data(), data(), bytes(), kind);
    return copy;
}

Tensor Tensor::cast(Stream& stream, DType dtype) const {
    if (dtype == dtype_) return *this;
    Tensor result = empty(stream, shape_, dtype);
    visit_real(dtype_, [&]<class From>(From) {
        visit_real(dtype, [&]<class To>(To) {
            const auto source = host<From>();
            std::transform(source.begin(), source.end(), result.host<To>().begin(),
                           [](From value) { return static_cast<To>(value); });
        });
    });
    return result;
}

std::byte* Tensor::host_bytes(DType expected) const {
    ELM_CHECK(dtype_ == expected, "a tensor of {} was read as {}", name_of(dtype_),
              name_of(expected));
    ELM_CHECK(!defined() || device().kind == DeviceKind::cpu,
              "a tensor on {} was read on the host: copy it with to(stream) first",
              to_string(device()));
    return data();
}

void throw_view_mismatch(const Tensor& tensor, DType dtype, int rank) {
    throw Error(
        ErrorKind::invalid,
        fmt::format("a tensor of {} and shape {} was given where a kernel takes {} with "
                    "{} axes",
                    name_of(tensor.dtype()), to_string(tensor.shape()), name_of(dtype), rank));
}

void throw_no_kernel(const char* name, Device device) {
    throw Error(ErrorKind::unsupported, fmt::format("{} has no implementation for {} in this "
                                                    "build. Use the device cpu.",
                                                    name, to_string(device)));
}

void throw_launch_failed(const char* what) {
    throw Error(ErrorKind::device, fmt::format("CUDA: {}", what));
}

}  // namespace elm

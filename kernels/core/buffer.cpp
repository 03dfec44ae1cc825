#include "kernels/core/buffer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <new>

#if defined(__GLIBC__)
#    include <malloc.h>
#endif

#include "kernels/core/cuda/cuda_runtime.h"
#include "kernels/core/memory.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

constexpr int guard_value = 0xFF;  // NaN in every real type, so that reading it shows, too
constexpr std::align_val_t alignment{64};

}  // namespace

void keep_freed_memory() {
#if defined(__GLIBC__)
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
}

Buffer::Buffer(Stream& stream, std::size_t bytes) : device_(stream.device()), size_(bytes) {
    const std::size_t total = bytes + 2 * guard_bytes;
    if (device_.kind == DeviceKind::cuda) {
        base_ = static_cast<std::byte*>(cuda::allocate(device_.index, stream.native(), total));
        cuda::fill(device_.index, stream.native(), base_, guard_value, guard_bytes);
        cuda::fill(device_.index, stream.native(), data() + size_, guard_value, guard_bytes);
        count_buffer(device_.kind, static_cast<std::int64_t>(size_));
        return;
    }
    base_ = static_cast<std::byte*>(::operator new(total, alignment, std::nothrow));
    if (base_ == nullptr) {
        throw Error(
            ErrorKind::memory,
            fmt::format("out of memory while asking for {} bytes. Use a smaller batch.", bytes));
    }
    std::memset(base_, guard_value, guard_bytes);
    std::memset(data() + size_, guard_value, guard_bytes);
    count_buffer(device_.kind, static_cast<std::int64_t>(size_));
}

Buffer::~Buffer() {
    count_buffer(device_.kind, -static_cast<std::int64_t>(size_));
    if (device_.kind == DeviceKind::cuda) {
        cuda::release(device_.index, base_);
    } else {
        ::operator delete(base_, alignment);
    }
}

bool Buffer::guards_intact() const {
    std::array<std::byte, 2 * guard_bytes> guards;
    std::byte* const behind = guards.data() + guard_bytes;
    if (device_.kind == DeviceKind::cuda) {
        const auto kind = cuda::CopyKind::device_to_host;
        cuda::copy(device_.index, nullptr, guards.data(), base_, guard_bytes, kind);
        cuda::copy(device_.index, nullptr, behind, data() + size_, guard_bytes, kind);
    } else {
        std::memcpy(guards.data(), base_, guard_bytes);
        std::memcpy(behind, data() + size_, guard_bytes);
    }
    return std::all_of(guards.begin(), guards.end(),
                       [](std::byte value) { return value == std::byte{guard_value}; });
}

}  // namespace elm

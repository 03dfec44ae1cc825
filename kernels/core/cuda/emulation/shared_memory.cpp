#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "kernels/core/cuda/emulation/scheduler.h"

namespace elm::emulation {

void* Scheduler::static_shared(const void* key, std::size_t bytes, std::size_t alignment) {
    Block& block = *current_->block;
    for (const SharedPiece& piece : block.shared) {
        if (piece.key == key) return piece.storage.get();
    }
    block.static_shared_bytes += bytes;
    const Limits device = limits();
    if (block.static_shared_bytes > device.static_shared_bytes) {
        raise("static shared memory above " + std::to_string(device.static_shared_bytes) +
              " bytes: " + std::to_string(block.static_shared_bytes));
    }
    if (block.static_shared_bytes + shape_.shared_bytes > device.shared_bytes) {
        raise("static and dynamic shared memory together above " +
              std::to_string(device.shared_bytes) + " bytes");
    }
    return add_shared(key, bytes, alignment);
}

void* Scheduler::dynamic_shared(std::size_t bytes, std::size_t alignment) {
    if (bytes > shape_.shared_bytes) {
        raise("dynamic shared memory: the kernel asks for " + std::to_string(bytes) +
              " bytes, the launch gave " + std::to_string(shape_.shared_bytes));
    }
    for (const SharedPiece& piece : current_->block->shared) {
        if (piece.key == nullptr) return piece.storage.get();
    }
    return add_shared(nullptr, shape_.shared_bytes, alignment);
}

void* Scheduler::add_shared(const void* key, std::size_t bytes, std::size_t alignment) {
    const IgnoreScope bookkeeping;
    void* storage = nullptr;
    if (posix_memalign(&storage, std::max<std::size_t>(alignment, 128), bytes) != 0) {
        throw std::bad_alloc();
    }
    std::memset(storage, 0xFF, bytes);  // NaN in every float type, -1 as an index
    announce_unwritten(storage, bytes);
    current_->block->shared.push_back({key, bytes, {storage, &std::free}});
    return storage;
}

}  // namespace elm::emulation

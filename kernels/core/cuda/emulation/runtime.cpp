#include "kernels/core/cuda/emulation/runtime.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <new>
#include <string>

#include "kernels/core/cuda/emulation/control.h"
#include "kernels/core/cuda/emulation/sanitizers.h"

namespace elm::emulation {
namespace {

constexpr unsigned char poison = 0xFF;
constexpr unsigned char canary = 0xCA;
constexpr std::size_t alignment = 16;

struct Allocation {
    std::size_t bytes;
    void* mapping;  ///< null where the allocation is a malloc
    std::size_t mapping_bytes;
};

using Heap = std::map<const unsigned char*, Allocation, std::less<>>;

Heap& heap() {
    static Heap instance;
    return instance;
}

std::size_t round_up(std::size_t value, std::size_t unit) {
    return (value + unit - 1) / unit * unit;
}

/// The allocation that `address` lies in, or heap().end().
Heap::iterator find(const void* address) {
    const auto* byte = static_cast<const unsigned char*>(address);
    auto next = heap().upper_bound(byte);
    if (next == heap().begin()) return heap().end();
    --next;
    return byte < next->first + next->second.bytes ? next : heap().end();
}

/// Bytes between the start of the mapping and the buffer, all canaries.
std::size_t front_bytes(const unsigned char* buffer, const Allocation& allocation) {
    return static_cast<std::size_t>(buffer - static_cast<const unsigned char*>(allocation.mapping));
}

unsigned char* allocate_guarded(std::size_t bytes, Allocation& allocation) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t usable = round_up(round_up(bytes, alignment) + alignment, page);
    allocation.mapping_bytes = usable + page;
    allocation.mapping = mmap(nullptr, allocation.mapping_bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (allocation.mapping == MAP_FAILED) throw std::bad_alloc();
    auto* first = static_cast<unsigned char*>(allocation.mapping);
    mprotect(first + usable, page, PROT_NONE);
    unsigned char* buffer = first + usable - round_up(bytes, alignment);
    std::memset(first, canary, static_cast<std::size_t>(buffer - first));
    // Behind an odd size there is room up to the page; device_free checks it too.
    std::memset(buffer + bytes, canary, round_up(bytes, alignment) - bytes);
    return buffer;
}

bool all_canaries(const unsigned char* first, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        if (first[i] != canary) return false;
    }
    return true;
}

void check_range(const void* address, std::size_t bytes, const char* role) {
    const auto found = find(address);
    if (found == heap().end()) return;  // host memory
    const auto* byte = static_cast<const unsigned char*>(address);
    const auto available = static_cast<std::size_t>(found->first + found->second.bytes - byte);
    if (bytes > available) {
        throw DeviceFault(std::string("copy of ") + std::to_string(bytes) + " bytes: the " + role +
                          " holds " + std::to_string(available) + " from there on");
    }
}

}  // namespace

void* device_allocate(std::size_t bytes) {
    if (bytes == 0) return nullptr;
    Allocation allocation{bytes, nullptr, 0};
    unsigned char* buffer = nullptr;
    if (address_sanitizer_present()) {
        void* storage = nullptr;
        if (posix_memalign(&storage, alignment, bytes) != 0) throw std::bad_alloc();
        buffer = static_cast<unsigned char*>(storage);
    } else {
        buffer = allocate_guarded(bytes, allocation);
    }
    std::memset(buffer, poison, bytes);
    announce_unwritten(buffer, bytes);
    heap().emplace(buffer, allocation);
    return buffer;
}

void device_free(void* pointer) {
    if (pointer == nullptr) return;
    auto* buffer = static_cast<unsigned char*>(pointer);
    const auto found = heap().find(buffer);
    if (found == heap().end()) {
        throw DeviceFault("device_free: the pointer is not the start of a device allocation");
    }
    const Allocation allocation = found->second;
    heap().erase(found);
    if (allocation.mapping == nullptr) {
        std::free(buffer);
        return;
    }
    const std::size_t behind = round_up(allocation.bytes, alignment) - allocation.bytes;
    const bool front = all_canaries(static_cast<const unsigned char*>(allocation.mapping),
                                    front_bytes(buffer, allocation));
    const bool back = all_canaries(buffer + allocation.bytes, behind);
    munmap(allocation.mapping, allocation.mapping_bytes);
    if (!front || !back) {
        throw DeviceFault("a kernel wrote " + std::string(front ? "behind" : "in front of") +
                          " a device buffer of " + std::to_string(allocation.bytes) + " bytes");
    }
}

void device_copy(void* destination, const void* source, std::size_t bytes) {
    if (bytes == 0) return;
    check_range(destination, bytes, "destination");
    check_range(source, bytes, "source");
    std::memcpy(destination, source, bytes);
}

void device_set(void* destination, unsigned char byte, std::size_t bytes) {
    if (bytes == 0) return;
    check_range(destination, bytes, "destination");
    std::memset(destination, byte, bytes);
}

bool is_device_pointer(const void* pointer) { return find(pointer) != heap().end(); }

std::size_t device_bytes_in_use() {
    std::size_t total = 0;
    for (const auto& [buffer, allocation] : heap()) total += allocation.bytes;
    return total;
}

}  // namespace elm::emulation

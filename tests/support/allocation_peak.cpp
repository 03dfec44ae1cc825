#include "tests/support/allocation_peak.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

// All forms of operator new and delete of the program, on malloc and free, with a count of the
// bytes that were asked for and not given back. Before each block stands what it takes to give it
// back.

namespace {

std::atomic<std::int64_t> out{0}, most{0};

struct Header {
    std::size_t size, offset;  // bytes asked for; from the start of what malloc gave
};

constexpr std::size_t least_alignment = 16;
static_assert(sizeof(Header) <= least_alignment);

void* take(std::size_t size, std::size_t alignment) noexcept {
    const std::size_t offset = std::max(alignment, least_alignment);
    const std::size_t total = (offset + size + offset - 1) / offset * offset;
    auto* const start = static_cast<std::byte*>(std::aligned_alloc(offset, total));
    if (start == nullptr) return nullptr;
    const Header header{size, offset};
    std::memcpy(start + offset - sizeof(Header), &header, sizeof(Header));
    const auto bytes = static_cast<std::int64_t>(size);
    const std::int64_t now = out.fetch_add(bytes) + bytes;
    std::int64_t known = most.load();
    while (known < now && !most.compare_exchange_weak(known, now)) {
    }
    return start + offset;
}

void* take_or_throw(std::size_t size, std::size_t alignment) {
    void* const memory = take(size, alignment);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

void give_back(void* memory) noexcept {
    if (memory == nullptr) return;
    auto* const block = static_cast<std::byte*>(memory);
    Header header;
    std::memcpy(&header, block - sizeof(Header), sizeof(Header));
    out.fetch_sub(static_cast<std::int64_t>(header.size));
    std::free(block - header.offset);
}

std::size_t number(std::align_val_t alignment) { return static_cast<std::size_t>(alignment); }

}  // namespace

// The array forms of the standard library call these.
void* operator new(std::size_t size) { return take_or_throw(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    return take_or_throw(size, number(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return take(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return take(size, number(alignment));
}
void operator delete(void* memory) noexcept { give_back(memory); }
void operator delete(void* memory, std::size_t) noexcept { give_back(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { give_back(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { give_back(memory); }

namespace elm::test {

void AllocationPeak::reset() {
    before_ = out;
    most = before_;
}

std::int64_t AllocationPeak::bytes() const { return most - before_; }

}  // namespace elm::test

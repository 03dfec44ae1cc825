#include "network/connectivity/huge_array.h"

#include <sys/mman.h>

#include <fmt/format.h>

#include "kernels/core/support/error.h"

namespace elm::network {
namespace {

constexpr std::size_t page = std::size_t{2} << 20;

std::size_t rounded(std::size_t bytes) { return (bytes + page - 1) / page * page; }

}  // namespace

void* take_huge(std::size_t bytes) {
    void* const memory =
        mmap(nullptr, rounded(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        throw Error(ErrorKind::memory, fmt::format("the system has no {:.3g} GB left.",
                                                   static_cast<double>(bytes) / 1e9));
    }
    madvise(memory, rounded(bytes), MADV_HUGEPAGE);  // advice: small pages serve too
    return memory;
}

void give_huge(void* memory, std::size_t bytes) noexcept {
    if (memory != nullptr) munmap(memory, rounded(bytes));
}

void shrink_huge(void* memory, std::size_t bytes, std::size_t kept) noexcept {
    const std::size_t begin = rounded(kept), end = rounded(bytes);
    if (begin < end) munmap(static_cast<char*>(memory) + begin, end - begin);
}

}  // namespace elm::network

#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "kernels/core/cuda/emulation/kernel_calls.h"

/// CUDA's functions in which threads of a block, or lanes of a warp, wait for one another.

#define ELM_EMULATED_SITE ::elm::emulation::Site site = {__builtin_FILE(), __builtin_LINE()}

namespace elm::emulation {

template <class T>
concept Word = std::is_arithmetic_v<T> &&(sizeof(T) == 4 || sizeof(T) == 8);

template <Word T>
std::uint64_t to_bits(T value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    return bits;
}

template <Word T>
T from_bits(std::uint64_t bits) {
    T value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

}  // namespace elm::emulation

// NOLINTBEGIN(bugprone-reserved-identifier): the names are CUDA's.

// --- barriers -----------------------------------------------------------------------------------

inline void __syncthreads(ELM_EMULATED_SITE) {
    elm::emulation::block_barrier(elm::emulation::BarrierKind::sync, false, site);
}
inline int __syncthreads_count(int predicate, ELM_EMULATED_SITE) {
    return elm::emulation::block_barrier(elm::emulation::BarrierKind::count, predicate != 0, site);
}
inline int __syncthreads_and(int predicate, ELM_EMULATED_SITE) {
    return elm::emulation::block_barrier(elm::emulation::BarrierKind::all, predicate != 0, site);
}
inline int __syncthreads_or(int predicate, ELM_EMULATED_SITE) {
    return elm::emulation::block_barrier(elm::emulation::BarrierKind::any, predicate != 0, site);
}
inline void __syncwarp(unsigned mask = 0xFFFFFFFFu, ELM_EMULATED_SITE) {
    elm::emulation::warp_barrier(mask, site);
}
inline void __nanosleep(unsigned) { elm::emulation::yield(); }

// --- warp operations ----------------------------------------------------------------------------

template <elm::emulation::Word T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, ELM_EMULATED_SITE) {
    namespace em = elm::emulation;
    return em::from_bits<T>(
        em::shuffle(em::Shuffle::index, mask, em::to_bits(value), source, width, site));
}
template <elm::emulation::Word T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, ELM_EMULATED_SITE) {
    namespace em = elm::emulation;
    const int shift = static_cast<int>(delta);
    return em::from_bits<T>(
        em::shuffle(em::Shuffle::up, mask, em::to_bits(value), shift, width, site));
}
template <elm::emulation::Word T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, ELM_EMULATED_SITE) {
    namespace em = elm::emulation;
    const int shift = static_cast<int>(delta);
    return em::from_bits<T>(
        em::shuffle(em::Shuffle::down, mask, em::to_bits(value), shift, width, site));
}
template <elm::emulation::Word T>
T __shfl_xor_sync(unsigned mask, T value, int flip, int width = 32, ELM_EMULATED_SITE) {
    namespace em = elm::emulation;
    return em::from_bits<T>(
        em::shuffle(em::Shuffle::exclusive_or, mask, em::to_bits(value), flip, width, site));
}
inline unsigned __ballot_sync(unsigned mask, int predicate, ELM_EMULATED_SITE) {
    return elm::emulation::ballot(mask, predicate != 0, site);
}
inline int __any_sync(unsigned mask, int predicate, ELM_EMULATED_SITE) {
    return elm::emulation::any(mask, predicate != 0, site) ? 1 : 0;
}
inline int __all_sync(unsigned mask, int predicate, ELM_EMULATED_SITE) {
    return elm::emulation::all(mask, predicate != 0, site) ? 1 : 0;
}
template <elm::emulation::Word T>
unsigned __match_any_sync(unsigned mask, T value, ELM_EMULATED_SITE) {
    return elm::emulation::match_any(mask, elm::emulation::to_bits(value), site);
}

#define ELM_EMULATED_REDUCE(name, type, kind)                                              \
    inline type name(unsigned mask, type value, ELM_EMULATED_SITE) {                       \
        return elm::emulation::reduce(elm::emulation::Reduction::kind, mask, value, site); \
    }                                                                                      \
    static_assert(true)
ELM_EMULATED_REDUCE(__reduce_add_sync, int, add);
ELM_EMULATED_REDUCE(__reduce_add_sync, unsigned, add);
ELM_EMULATED_REDUCE(__reduce_min_sync, int, minimum);
ELM_EMULATED_REDUCE(__reduce_min_sync, unsigned, minimum);
ELM_EMULATED_REDUCE(__reduce_max_sync, int, maximum);
ELM_EMULATED_REDUCE(__reduce_max_sync, unsigned, maximum);
ELM_EMULATED_REDUCE(__reduce_and_sync, unsigned, bit_and);
ELM_EMULATED_REDUCE(__reduce_or_sync, unsigned, bit_or);
ELM_EMULATED_REDUCE(__reduce_xor_sync, unsigned, bit_xor);
#undef ELM_EMULATED_REDUCE
// NOLINTEND(bugprone-reserved-identifier)

#undef ELM_EMULATED_SITE

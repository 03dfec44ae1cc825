#pragma once

/// Matrix product of one warp on the tensor cores: D (16 x 8) = A (16 x 16) B (16 x 8) + C, with A
/// and B in Bf16 or Half and C and D in float. sm_80 on.
///
/// A fragment is a lane's share of a matrix; mma_layout.h says which elements those are. All 32
/// lanes call every function here together. The device adds in an order of its own and may
/// truncate: compare within a tolerance, or with small integers, which are exact.

#include <concepts>
#include <cstdint>
#include <cstring>

#include "kernels/core/cuda/device.cuh"
#include "kernels/core/cuda/half_types.h"
#include "kernels/core/cuda/mma_layout.h"

namespace elm {

template <class Element>
concept MmaFactor = std::same_as<Element, Bf16> || std::same_as<Element, Half>;

template <MmaFactor Element>
struct alignas(16) FragmentA {
    Element value[mma_a_count];
};

template <MmaFactor Element>
struct alignas(8) FragmentB {
    Element value[mma_b_count];
};

struct alignas(16) FragmentC {
    float value[mma_c_count];
};

/// The shares of A and B as registers, for kernels that keep many of them: an even element is the
/// low half of its word.
struct PackedA {
    std::uint32_t word[mma_a_count / 2];
};
struct PackedB {
    std::uint32_t word[mma_b_count / 2];
};

#ifdef ELM_EMULATE
namespace emulation {
/// In emulation_mma.cpp, which no sanitizer slows down. The arrays are a lane's shares.
void mma_m16n8k16(const float* a, const float* b, const float* c, float* d, Site site);
}  // namespace emulation
#endif

/// `tile` is the first element of a 16 x 16 matrix, stored by rows `stride` elements apart.
template <MmaFactor Element>
__device__ __forceinline__ FragmentA<Element> load_fragment_a(const Element* tile, int stride) {
    const int lane = static_cast<int>(threadIdx.x % warp_size);
    FragmentA<Element> fragment;
#pragma unroll
    for (int i = 0; i < mma_a_count; ++i) {
        const TilePlace place = at_a(lane, i);
        fragment.value[i] = tile[place.row * stride + place.column];
    }
    return fragment;
}

/// `tile` is the first element of a 16 x 8 matrix (depth x columns), stored by rows.
template <MmaFactor Element>
__device__ __forceinline__ FragmentB<Element> load_fragment_b(const Element* tile, int stride) {
    const int lane = static_cast<int>(threadIdx.x % warp_size);
    FragmentB<Element> fragment;
#pragma unroll
    for (int i = 0; i < mma_b_count; ++i) {
        const TilePlace place = at_b(lane, i);
        fragment.value[i] = tile[place.row * stride + place.column];
    }
    return fragment;
}

/// As load_fragment_b, from the transpose: an 8 x 16 matrix (columns x depth), stored by rows.
template <MmaFactor Element>
__device__ __forceinline__ FragmentB<Element> load_fragment_b_transposed(const Element* tile,
                                                                         int stride) {
    const int lane = static_cast<int>(threadIdx.x % warp_size);
    FragmentB<Element> fragment;
#pragma unroll
    for (int i = 0; i < mma_b_count; ++i) {
        const TilePlace place = at_b(lane, i);
        fragment.value[i] = tile[place.column * stride + place.row];
    }
    return fragment;
}

/// Writes a 16 x 8 matrix by rows `stride` elements apart.
__device__ __forceinline__ void store_fragment_c(const FragmentC& fragment, float* tile,
                                                 int stride) {
    const int lane = static_cast<int>(threadIdx.x % warp_size);
#pragma unroll
    for (int i = 0; i < mma_c_count; ++i) {
        const TilePlace place = at_c(lane, i);
        tile[place.row * stride + place.column] = fragment.value[i];
    }
}

/// D = A B + C.
template <MmaFactor Element>
__device__ __forceinline__ FragmentC mma(const PackedA& a, const PackedB& b, const FragmentC& c,
                                         CallSite site = ELM_CALL_SITE) {
    FragmentC d;
#ifdef ELM_EMULATE
    float wide_a[mma_a_count];
    float wide_b[mma_b_count];
    const auto element = [](const std::uint32_t* words, int i) {
        return to_float(Element{static_cast<std::uint16_t>(words[i / 2] >> (i % 2 * 16))});
    };
    for (int i = 0; i < mma_a_count; ++i) wide_a[i] = element(a.word, i);
    for (int i = 0; i < mma_b_count; ++i) wide_b[i] = element(b.word, i);
    emulation::mma_m16n8k16(wide_a, wide_b, c.value, d.value, site);
#else
    (void)site;
    if constexpr (std::same_as<Element, Bf16>) {
        asm volatile(
            "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
            "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};"
            : "=f"(d.value[0]), "=f"(d.value[1]), "=f"(d.value[2]), "=f"(d.value[3])
            : "r"(a.word[0]), "r"(a.word[1]), "r"(a.word[2]), "r"(a.word[3]), "r"(b.word[0]),
              "r"(b.word[1]), "f"(c.value[0]), "f"(c.value[1]), "f"(c.value[2]), "f"(c.value[3]));
    } else {
        asm volatile(
            "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
            "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};"
            : "=f"(d.value[0]), "=f"(d.value[1]), "=f"(d.value[2]), "=f"(d.value[3])
            : "r"(a.word[0]), "r"(a.word[1]), "r"(a.word[2]), "r"(a.word[3]), "r"(b.word[0]),
              "r"(b.word[1]), "f"(c.value[0]), "f"(c.value[1]), "f"(c.value[2]), "f"(c.value[3]));
    }
#endif
    return d;
}

template <MmaFactor Element>
__device__ __forceinline__ FragmentC mma(const FragmentA<Element>& a, const FragmentB<Element>& b,
                                         const FragmentC& c, CallSite site = ELM_CALL_SITE) {
    PackedA packed_a;
    PackedB packed_b;
    std::memcpy(packed_a.word, a.value, sizeof packed_a.word);
    std::memcpy(packed_b.word, b.value, sizeof packed_b.word);
    return mma<Element>(packed_a, packed_b, c, site);
}

}  // namespace elm

#pragma once

/// Matrix product of one warp on the tensor cores: D (16 x 8) = A (16 x depth) B (depth x 8) + C,
/// with A and B in Bf16 or Half (depth 16) or Tf32 (depth 8) and C and D in float. sm_80 on.
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
#include "kernels/core/cuda/tf32.h"

namespace elm {

template <class Element>
concept MmaFactor =
    std::same_as<Element, Bf16> || std::same_as<Element, Half> || std::same_as<Element, Tf32>;

/// Elements in a word, and length of the product's sums.
template <MmaFactor Element>
inline constexpr int mma_per_word = static_cast<int>(sizeof(std::uint32_t) / sizeof(Element));
template <MmaFactor Element>
inline constexpr int mma_depth = mma_depth_words* mma_per_word<Element>;

template <MmaFactor Element>
struct alignas(16) FragmentA {
    static constexpr int count = mma_a_words * mma_per_word<Element>;
    Element value[count];
};

template <MmaFactor Element>
struct alignas(8) FragmentB {
    static constexpr int count = mma_b_words * mma_per_word<Element>;
    Element value[count];
};

struct alignas(16) FragmentC {
    float value[mma_c_count];
};

/// The shares of A and B as registers, for kernels that keep many of them: of two elements in a
/// word the even one is the low half.
struct PackedA {
    std::uint32_t word[mma_a_words];
};
struct PackedB {
    std::uint32_t word[mma_b_words];
};

#ifdef ELM_EMULATE
namespace emulation {
/// In emulation_mma.cpp, which no sanitizer slows down. The arrays are a lane's shares, those of A
/// and B with `per_word` elements for each word.
void mma(int per_word, const float* a, const float* b, const float* c, float* d, Site site);
}  // namespace emulation
#endif

/// `tile` is the first element of a 16 x depth matrix, stored by rows `stride` elements apart.
template <MmaFactor Element>
__device__ __forceinline__ FragmentA<Element> load_fragment_a(const Element* tile, int stride) {
    const int lane = static_cast<int>(threadIdx.x % warp_size);
    FragmentA<Element> fragment;
#pragma unroll
    for (int i = 0; i < fragment.count; ++i) {
        const TilePlace place = at_a<mma_per_word<Element>>(lane, i);
        fragment.value[i] = tile[place.row * stride + place.column];
    }
    return fragment;
}

/// `tile` is the first element of a depth x 8 matrix, stored by rows.
template <MmaFactor Element>
__device__ __forceinline__ FragmentB<Element> load_fragment_b(const Element* tile, int stride) {
    const int lane = static_cast<int>(threadIdx.x % warp_size);
    FragmentB<Element> fragment;
#pragma unroll
    for (int i = 0; i < fragment.count; ++i) {
        const TilePlace place = at_b<mma_per_word<Element>>(lane, i);
        fragment.value[i] = tile[place.row * stride + place.column];
    }
    return fragment;
}

/// As load_fragment_b, from the transpose: an 8 x depth matrix, stored by rows.
template <MmaFactor Element>
__device__ __forceinline__ FragmentB<Element> load_fragment_b_transposed(const Element* tile,
                                                                         int stride) {
    const int lane = static_cast<int>(threadIdx.x % warp_size);
    FragmentB<Element> fragment;
#pragma unroll
    for (int i = 0; i < fragment.count; ++i) {
        const TilePlace place = at_b<mma_per_word<Element>>(lane, i);
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

#ifdef ELM_EMULATE
namespace detail {
/// The elements of a share, words in order.
template <MmaFactor Element, int words>
void widen(const std::uint32_t (&word)[words], float* elements) {
    for (int w = 0; w < words; ++w) {
        if constexpr (std::same_as<Element, Tf32>) {
            elements[w] = to_float(Tf32{word[w]});
        } else {
            elements[2 * w] = to_float(Element{static_cast<std::uint16_t>(word[w])});
            elements[2 * w + 1] = to_float(Element{static_cast<std::uint16_t>(word[w] >> 16)});
        }
    }
}
}  // namespace detail
#endif

/// D = A B + C.
template <MmaFactor Element>
__device__ __forceinline__ FragmentC mma(const PackedA& a, const PackedB& b, const FragmentC& c,
                                         CallSite site = ELM_CALL_SITE) {
    FragmentC d;
#ifdef ELM_EMULATE
    float wide_a[FragmentA<Element>::count];
    float wide_b[FragmentB<Element>::count];
    detail::widen<Element>(a.word, wide_a);
    detail::widen<Element>(b.word, wide_b);
    emulation::mma(mma_per_word<Element>, wide_a, wide_b, c.value, d.value, site);
#else
    (void)site;
#    define ELM_MMA(shape_and_types)                                                          \
        asm volatile("mma.sync.aligned." shape_and_types                                      \
                     " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};"             \
                     : "=f"(d.value[0]), "=f"(d.value[1]), "=f"(d.value[2]), "=f"(d.value[3]) \
                     : "r"(a.word[0]), "r"(a.word[1]), "r"(a.word[2]), "r"(a.word[3]),        \
                       "r"(b.word[0]), "r"(b.word[1]), "f"(c.value[0]), "f"(c.value[1]),      \
                       "f"(c.value[2]), "f"(c.value[3]))
    if constexpr (std::same_as<Element, Bf16>) {
        ELM_MMA("m16n8k16.row.col.f32.bf16.bf16.f32");
    } else if constexpr (std::same_as<Element, Half>) {
        ELM_MMA("m16n8k16.row.col.f32.f16.f16.f32");
    } else {
        ELM_MMA("m16n8k8.row.col.f32.tf32.tf32.f32");
    }
#    undef ELM_MMA
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

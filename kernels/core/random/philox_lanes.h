#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/core/random/random_key.h"
#include "kernels/core/simd/lanes.h"

/// Philox of neighbouring blocks side by side, a block in each lane: the bits of philox.h, which a
/// test compares.
namespace elm::lanes {

inline constexpr int native_words = native<float>;  // 32-bit words of the widest vector
using Words = Vec<std::uint32_t, native_words>;

/// Upper and lower halves of the 64-bit products of the lanes with `factor`.
ELM_INLINE void multiply_wide(std::uint32_t factor, const Words& x, Words& high, Words& low) {
#if defined(__AVX512F__)
    // Shuffles with a mask put halves where they belong in one instruction each, and leave the
    // port of the multiplications free.
    const __m512i factors = _mm512_set1_epi64(static_cast<long long>(factor));
    const __m512i odd_words = _mm512_shuffle_epi32((__m512i)x, _MM_PERM_DDBB);
    const __m512i even_products = _mm512_mul_epu32((__m512i)x, factors);
    const __m512i odd_products = _mm512_mul_epu32(odd_words, factors);
    low = (Words)_mm512_mask_shuffle_epi32(even_products, 0xAAAA, odd_products, _MM_PERM_CCAA);
    high = (Words)_mm512_mask_shuffle_epi32(odd_products, 0x5555, even_products, _MM_PERM_DDBB);
#else
    using Wide = Vec<std::uint64_t, native_words / 2>;
    const Wide odd_lanes = std::bit_cast<Wide>(x) >> 32;
#    if defined(__AVX2__)
    const __m256i factors = _mm256_set1_epi64x(static_cast<long long>(factor));
    const Wide even = (Wide)_mm256_mul_epu32((__m256i)x, factors);
    const Wide odd = (Wide)_mm256_mul_epu32((__m256i)odd_lanes, factors);
#    else
    const Wide even = (std::bit_cast<Wide>(x) & 0xFFFFFFFFULL) * std::uint64_t{factor};
    const Wide odd = odd_lanes * std::uint64_t{factor};
#    endif
    constexpr auto alternate =
        []<std::size_t... I>(const Words& a, const Words& b, std::index_sequence<I...>) {
        return __builtin_shufflevector(a, b, (I % 2 == 0 ? I : native_words + I)...);
    };
    constexpr auto lane = std::make_index_sequence<native_words>{};
    low = alternate(std::bit_cast<Words>(even), std::bit_cast<Words>(odd << 32), lane);
    high = alternate(std::bit_cast<Words>(even >> 32), std::bit_cast<Words>(odd), lane);
#endif
}

/// Words of Count * native_words blocks: lane i of words[k][w] is word w of block
/// `first` + k * native_words + i of the stream of `key`.
template <int Count>
ELM_INLINE void random_blocks(const RandomKey& key, std::int64_t first, Words (&words)[Count][4]) {
    Words lane;
    for (int i = 0; i < native_words; ++i) lane[i] = static_cast<std::uint32_t>(i);
    for (int k = 0; k < Count; ++k) {
        words[k][0] = lane + static_cast<std::uint32_t>(first + k * native_words);
        words[k][1] = Words{} + key.purpose;
        words[k][2] = Words{} + static_cast<std::uint32_t>(key.step);
        words[k][3] = Words{} + static_cast<std::uint32_t>(key.step >> 32);
    }
    auto key_0 = static_cast<std::uint32_t>(key.seed);
    auto key_1 = static_cast<std::uint32_t>(key.seed >> 32);
    using Constants = PhiloxConstants;
#pragma GCC unroll 10
    for (int round = 0; round < Constants::rounds; ++round) {
#pragma GCC unroll 4
        for (int k = 0; k < Count; ++k) {
            Words high_0, low_0, high_1, low_1;
            multiply_wide(Constants::multiplier_0, words[k][0], high_0, low_0);
            multiply_wide(Constants::multiplier_1, words[k][2], high_1, low_1);
            words[k][0] = high_1 ^ words[k][1] ^ key_0;
            words[k][1] = low_1;
            words[k][2] = high_0 ^ words[k][3] ^ key_1;
            words[k][3] = low_0;
        }
        key_0 += Constants::weyl_0;
        key_1 += Constants::weyl_1;
    }
}

/// unit_uniform<float> of each lane.
ELM_INLINE Vec<float, native_words> unit_uniform_lanes(const Words& words) {
    using Whole = Vec<std::int32_t, native_words>;
    return __builtin_convertvector(std::bit_cast<Whole>(words >> 8), Vec<float, native_words>) *
           0x1p-24F;
}

}  // namespace elm::lanes

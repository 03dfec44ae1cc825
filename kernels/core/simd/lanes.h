#pragma once

#if defined(__FMA__)
#    include <immintrin.h>
#endif

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

/// Vectors of lanes for the CPU kernels of the ELM recurrence, on the compilers' vector extension.
///
/// Every operation acts on each lane alone and in one fixed order, so a lane's result does not
/// depend on how many lanes travel together. Files that use them are compiled without contraction:
/// which products are fused with a sum is said here, not chosen by the compiler for each loop.
namespace elm::lanes {

#if defined(__AVX512F__)
inline constexpr int native_bytes = 64;
inline constexpr int registers = 32;
#elif defined(__AVX__)
inline constexpr int native_bytes = 32;
inline constexpr int registers = 16;
#else
inline constexpr int native_bytes = 16;
inline constexpr int registers = 16;
#endif

/// Lanes of the widest vector of this build.
template <class Real>
inline constexpr int native = native_bytes / static_cast<int>(sizeof(Real));

/// `count` elements in whole vectors.
template <class Real>
constexpr std::int64_t padded(std::int64_t count) {
    return (count + native<Real> - 1) / native<Real> * native<Real>;
}

/// Storage that starts on a cache line, so that aligned rows of vectors stay aligned.
template <class T>
struct CacheLineAllocator {
    using value_type = T;
    static constexpr std::align_val_t alignment{64};
    CacheLineAllocator() = default;
    template <class U>
    CacheLineAllocator(const CacheLineAllocator<U>&) noexcept {}
    T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), alignment)); }
    void deallocate(T* p, std::size_t) noexcept { ::operator delete(p, alignment); }
    friend bool operator==(const CacheLineAllocator&, const CacheLineAllocator&) { return true; }
};
template <class T>
using AlignedVector = std::vector<T, CacheLineAllocator<T>>;

/// Lets go of memory that was taken for far more than n elements.
template <class T>
void trim(AlignedVector<T>& array, std::int64_t n) {
    if (array.capacity() > 4 * static_cast<std::size_t>(n)) array = AlignedVector<T>();
}
/// At least n elements, whatever is in them.
template <class T>
void make_room(AlignedVector<T>& array, std::int64_t n) {
    trim(array, n);
    if (std::ssize(array) < n) array.assign(static_cast<std::size_t>(n), T(0));
}
/// n zeros.
template <class T>
void make_zeros(AlignedVector<T>& array, std::int64_t n) {
    trim(array, n);
    array.assign(static_cast<std::size_t>(n), T(0));
}

template <class T, int N>
struct VecOf {
    typedef T type __attribute__((vector_size(N * sizeof(T)), may_alias));
};
template <class T, int N>
using Vec = typename VecOf<T, N>::type;

#define ELM_INLINE inline __attribute__((always_inline))

template <class Real, int N>
ELM_INLINE Vec<Real, N> load(const Real* from) {
    Vec<Real, N> value;
    std::memcpy(&value, from, sizeof(value));
    return value;
}

template <class Real, int N>
ELM_INLINE void store(Real* to, const Vec<Real, N>& value) {
    std::memcpy(to, &value, sizeof(value));
}

/// The first `count` lanes, less than N; the others are 0, and what stands behind is not touched.
template <class Real, int N>
ELM_INLINE Vec<Real, N> load_first(const Real* from, std::int64_t count) {
#if defined(__AVX512F__)
    constexpr bool single = std::is_same_v<Real, float>;
    const unsigned mask = (1U << count) - 1;
    if constexpr (single && N == 16) {
        return (Vec<Real, N>)_mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), from);
    }
    if constexpr (!single && N == 8) {
        return (Vec<Real, N>)_mm512_maskz_loadu_pd(static_cast<__mmask8>(mask), from);
    }
#endif
    Vec<Real, N> value{};
    std::memcpy(&value, from, sizeof(Real) * static_cast<std::size_t>(count));
    return value;
}
template <class Real, int N>
ELM_INLINE void store_first(Real* to, std::int64_t count, const Vec<Real, N>& value) {
#if defined(__AVX512F__)
    constexpr bool single = std::is_same_v<Real, float>;
    const unsigned mask = (1U << count) - 1;
    if constexpr (single && N == 16) {
        return _mm512_mask_storeu_ps(to, static_cast<__mmask16>(mask), (__m512)value);
    }
    if constexpr (!single && N == 8) {
        return _mm512_mask_storeu_pd(to, static_cast<__mmask8>(mask), (__m512d)value);
    }
#endif
    std::memcpy(to, &value, sizeof(Real) * static_cast<std::size_t>(count));
}

template <class Real, int N>
ELM_INLINE Vec<Real, N> broadcast(Real value) {
    return value - Vec<Real, N>{};
}

/// Keeps a value in a register. Without it GCC folds a load that several multiply-adds share into
/// the memory operand of each and loads it again and again.
template <class V>
ELM_INLINE void keep_in_register([[maybe_unused]] V& value) {
    if constexpr (sizeof(V) <= native_bytes) {
#if defined(__AVX512F__)
        asm("" : "+v"(value));
#elif defined(__x86_64__)
        asm("" : "+x"(value));
#endif
    }
}

/// a b + c, rounded once where the instruction set can.
template <class Real, int N>
ELM_INLINE Vec<Real, N> multiply_add(const Vec<Real, N>& a, const Vec<Real, N>& b,
                                     const Vec<Real, N>& c) {
#if defined(__FMA__)
    constexpr bool single = std::is_same_v<Real, float>;
    if constexpr (single && N == 4)
        return (Vec<Real, N>)_mm_fmadd_ps((__m128)a, (__m128)b, (__m128)c);
    if constexpr (single && N == 8) {
        return (Vec<Real, N>)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
    }
    if constexpr (!single && N == 2) {
        return (Vec<Real, N>)_mm_fmadd_pd((__m128d)a, (__m128d)b, (__m128d)c);
    }
    if constexpr (!single && N == 4) {
        return (Vec<Real, N>)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
    }
#    if defined(__AVX512F__)
    if constexpr (single && N == 16) {
        return (Vec<Real, N>)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
    }
    if constexpr (!single && N == 8) {
        return (Vec<Real, N>)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
    }
#    endif
#else
    return a * b + c;
#endif
}

template <class Real, int N>
ELM_INLINE Vec<Real, N> multiply_add(Real a, const Vec<Real, N>& b, const Vec<Real, N>& c) {
    return multiply_add<Real, N>(broadcast<Real, N>(a), b, c);
}

/// The sum of all lanes: halves are added to each other until one lane is left.
template <class Real, int N>
ELM_INLINE Real sum_of_lanes(const Vec<Real, N>& x) {
    if constexpr (N == 1) {
        return x[0];
    } else {
        Vec<Real, N / 2> low, high;
        std::memcpy(&low, &x, sizeof(low));
        std::memcpy(&high, reinterpret_cast<const char*>(&x) + sizeof(low), sizeof(high));
        return sum_of_lanes<Real, N / 2>(low + high);
    }
}

/// Bit i is set where lane i is not zero (NaN is not).
template <class Real, int N>
ELM_INLINE unsigned nonzero_mask(const Vec<Real, N>& x) {
    constexpr bool single = std::is_same_v<Real, float>;
#if defined(__AVX512F__)
    if constexpr (single && N == 16) {
        return _mm512_cmp_ps_mask((__m512)x, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    }
    if constexpr (!single && N == 8) {
        return _mm512_cmp_pd_mask((__m512d)x, _mm512_setzero_pd(), _CMP_NEQ_UQ);
    }
#elif defined(__FMA__)
    if constexpr (single && N == 8) {
        return static_cast<unsigned>(
            _mm256_movemask_ps(_mm256_cmp_ps((__m256)x, _mm256_setzero_ps(), _CMP_NEQ_UQ)));
    }
    if constexpr (!single && N == 4) {
        return static_cast<unsigned>(
            _mm256_movemask_pd(_mm256_cmp_pd((__m256d)x, _mm256_setzero_pd(), _CMP_NEQ_UQ)));
    }
#endif
    unsigned mask = 0;
    for (int lane = 0; lane < N; ++lane) mask |= static_cast<unsigned>(x[lane] != Real(0)) << lane;
    return mask;
}

template <class Real, int N>
ELM_INLINE Vec<Real, N> clamp(const Vec<Real, N>& x, Real low, Real high) {
    const Vec<Real, N> lows = broadcast<Real, N>(low), highs = broadcast<Real, N>(high);
    const Vec<Real, N> raised = x < lows ? lows : x;
    return raised > highs ? highs : raised;
}

/// 2^(x * scale) - 1 = 2^n * poly + (2^n - 1) with x * scale = n + f, |f| <= 1/2.
struct ExpParts {
    template <int N>
    ELM_INLINE static void split(const Vec<float, N>& x, float scale, Vec<float, N>& power,
                                 Vec<float, N>& poly) {
        constexpr float magic = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
        const auto fma = [](const Vec<float, N>& a, const Vec<float, N>& b, float c) {
            return multiply_add<float, N>(a, b, broadcast<float, N>(c));
        };
        const Vec<float, N> scales = broadcast<float, N>(scale);
        const Vec<float, N> rounded = fma(x, scales, magic);
        const Vec<float, N> f = multiply_add<float, N>(x, scales, magic - rounded);
        // Chebyshev fit of (2^f - 1) / f on [-1/2, 1/2], relative error 1.2e-8.
        Vec<float, N> q = fma(f, broadcast<float, N>(0.000154614475F), 0.00133908674F);
        q = fma(q, f, 0.00961805667F);
        q = fma(q, f, 0.0555035710F);
        q = fma(q, f, 0.240226509F);
        q = fma(q, f, 0.693147188F);
        poly = q * f;
        const auto exponent = std::bit_cast<Vec<std::int32_t, N>>(rounded) << 23;
        power = std::bit_cast<Vec<float, N>>(exponent + 0x3F800000);
    }
};

/// 1.7159 tanh(2 x / 3), at most 4 units in the last place from the exact value in float.
template <class Real, int N>
ELM_INLINE Vec<Real, N> scaled_tanh(const Vec<Real, N>& x) {
    if constexpr (std::is_same_v<Real, float>) {
        // tanh(y) = E / (E + 2) with E = e^(2y) - 1, which keeps small y to relative accuracy.
        constexpr float scale = static_cast<float>(4.0 / 3.0 * 1.44269504088896340736);
        Vec<float, N> power, poly;
        ExpParts::split<N>(clamp<float, N>(x, -24.0F, 24.0F), scale, power, poly);
        const Vec<float, N> e = multiply_add<float, N>(power, poly, power - 1.0F);
        return 1.7159F * (e / (e + 2.0F));
    } else {
        Vec<Real, N> result;
        for (int lane = 0; lane < N; ++lane) {
            result[lane] = Real(1.7159) * std::tanh(x[lane] * Real(2) / Real(3));
        }
        return result;
    }
}

/// tanh(x), at most 4 units in the last place from the exact value in float.
template <class Real, int N>
ELM_INLINE Vec<Real, N> hyperbolic_tangent(const Vec<Real, N>& x) {
    if constexpr (std::is_same_v<Real, float>) {
        Vec<float, N> power, poly;
        ExpParts::split<N>(clamp<float, N>(x, -16.0F, 16.0F), 2 * 1.44269504F, power, poly);
        const Vec<float, N> e = multiply_add<float, N>(power, poly, power - 1.0F);
        return e / (e + 2.0F);
    } else {
        Vec<Real, N> result;
        for (int lane = 0; lane < N; ++lane) result[lane] = std::tanh(x[lane]);
        return result;
    }
}

/// 1 / (1 + e^-x), at most 4 units in the last place of 1 from the exact value in float.
template <class Real, int N>
ELM_INLINE Vec<Real, N> sigmoid(const Vec<Real, N>& x) {
    if constexpr (std::is_same_v<Real, float>) {
        Vec<float, N> power, poly;
        ExpParts::split<N>(clamp<float, N>(x, -87.0F, 87.0F), -1.44269504F, power, poly);
        return 1.0F / (multiply_add<float, N>(power, poly, power) + 1.0F);
    } else {
        Vec<Real, N> result;
        for (int lane = 0; lane < N; ++lane)
            result[lane] = Real(1) / (Real(1) + std::exp(-x[lane]));
        return result;
    }
}

/// x / (1 + e^-x), absolute error at most 2e-7 max(1, |result|) in float.
template <class Real, int N>
ELM_INLINE Vec<Real, N> silu(const Vec<Real, N>& x) {
    if constexpr (std::is_same_v<Real, float>) {
        Vec<float, N> power, poly;
        ExpParts::split<N>(clamp<float, N>(x, -87.0F, 87.0F), -1.44269504F, power, poly);
        return x / (multiply_add<float, N>(power, poly, power) + 1.0F);
    } else {
        Vec<Real, N> result;
        for (int lane = 0; lane < N; ++lane) {
            result[lane] = x[lane] / (Real(1) + std::exp(-x[lane]));
        }
        return result;
    }
}

/// A vector of lanes as shared bodies see it.
template <class Real, int N>
struct LanesOf {
    using V = Vec<Real, N>;
    ELM_INLINE static V constant(double x) { return broadcast<Real, N>(static_cast<Real>(x)); }
    template <class Factor>
    ELM_INLINE static V multiply_add(const Factor& a, const V& b, const V& c) {
        return lanes::multiply_add<Real, N>(a, b, c);
    }
    ELM_INLINE static V positive(const V& x, const V& then, const V& other) {
        const V zero{};
        return x > zero ? then : other;
    }
    ELM_INLINE static V scaled_tanh(const V& x) { return lanes::scaled_tanh<Real, N>(x); }
    ELM_INLINE static V sigmoid(const V& x) { return lanes::sigmoid<Real, N>(x); }
    ELM_INLINE static V silu(const V& x) { return lanes::silu<Real, N>(x); }
};

template <class V, int N, std::size_t... I>
ELM_INLINE V interleave_low(const V& a, const V& b, std::index_sequence<I...>) {
    return __builtin_shufflevector(a, b, (I % 2 == 0 ? I / 2 : N + I / 2)...);
}
template <class V, int N, std::size_t... I>
ELM_INLINE V interleave_high(const V& a, const V& b, std::index_sequence<I...>) {
    return __builtin_shufflevector(a, b, (N / 2 + (I % 2 == 0 ? I / 2 : N + I / 2))...);
}

/// Transposes an N x N block in registers: log2(N) perfect shuffles of its rows.
template <class Real, int N>
ELM_INLINE void transpose(Vec<Real, N> (&rows)[N]) {
    using Lane = std::make_index_sequence<N>;
    Vec<Real, N> next[N];
#pragma GCC unroll 4
    for (int stage = 1; stage < N; stage *= 2) {
#pragma GCC unroll 16
        for (int i = 0; i < N / 2; ++i) {
            next[2 * i] = interleave_low<Vec<Real, N>, N>(rows[i], rows[i + N / 2], Lane{});
            next[2 * i + 1] = interleave_high<Vec<Real, N>, N>(rows[i], rows[i + N / 2], Lane{});
        }
#pragma GCC unroll 16
        for (int i = 0; i < N; ++i) rows[i] = next[i];
    }
}

}  // namespace elm::lanes

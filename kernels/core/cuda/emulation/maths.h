#pragma once

/// CUDA's functions of numbers: the accurate host function, where the device differs in the last
/// bits.

#include <math.h>  // the maths functions in the global namespace, as CUDA has them

#include <bit>
#include <cstdint>
#include <type_traits>

// NOLINTBEGIN(bugprone-reserved-identifier): the names are CUDA's.
// math.h of glibc declares some of these names without exporting them, hence noexcept throughout.
inline float __expf(float x) noexcept { return expf(x); }
inline float __exp10f(float x) noexcept { return powf(10.0f, x); }
inline float __logf(float x) noexcept { return logf(x); }
inline float __log2f(float x) noexcept { return log2f(x); }
inline float __log10f(float x) noexcept { return log10f(x); }
inline float __sinf(float x) noexcept { return sinf(x); }
inline float __cosf(float x) noexcept { return cosf(x); }
inline float __powf(float x, float y) noexcept { return powf(x, y); }
inline float __fdividef(float x, float y) noexcept { return x / y; }
inline float __frcp_rn(float x) noexcept { return 1.0f / x; }
inline float __fsqrt_rn(float x) noexcept { return sqrtf(x); }
inline float __fadd_rn(float x, float y) noexcept { return x + y; }
inline float __fmul_rn(float x, float y) noexcept { return x * y; }
inline float __fmaf_rn(float x, float y, float z) noexcept { return fmaf(x, y, z); }
inline double __fma_rn(double x, double y, double z) noexcept { return fma(x, y, z); }
inline float __saturatef(float x) noexcept { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
inline float rsqrtf(float x) noexcept { return 1.0f / sqrtf(x); }
inline double rsqrt(double x) noexcept { return 1.0 / sqrt(x); }

inline int __float2int_rn(float x) noexcept { return static_cast<int>(nearbyintf(x)); }
inline int __float2int_rz(float x) noexcept { return static_cast<int>(x); }
inline int __float2int_rd(float x) noexcept { return static_cast<int>(floorf(x)); }
inline int __float2int_ru(float x) noexcept { return static_cast<int>(ceilf(x)); }
inline float __int2float_rn(int x) noexcept { return static_cast<float>(x); }
inline float __uint2float_rn(unsigned x) noexcept { return static_cast<float>(x); }
inline int __float_as_int(float x) noexcept { return std::bit_cast<int>(x); }
inline unsigned __float_as_uint(float x) noexcept { return std::bit_cast<unsigned>(x); }
inline float __int_as_float(int x) noexcept { return std::bit_cast<float>(x); }
inline float __uint_as_float(unsigned x) noexcept { return std::bit_cast<float>(x); }
inline long long __double_as_longlong(double x) noexcept { return std::bit_cast<long long>(x); }
inline double __longlong_as_double(long long x) noexcept { return std::bit_cast<double>(x); }

inline int __popc(unsigned x) noexcept { return std::popcount(x); }
inline int __popcll(unsigned long long x) noexcept { return std::popcount(x); }
inline int __clz(int x) noexcept { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __ffs(int x) noexcept { return __builtin_ffs(x); }
inline unsigned __umulhi(unsigned x, unsigned y) noexcept {
    return static_cast<unsigned>((std::uint64_t{x} * y) >> 32);
}
// NOLINTEND(bugprone-reserved-identifier)

template <class T>
requires std::is_arithmetic_v<T>
constexpr T min(T x, T y) {
    if constexpr (std::is_floating_point_v<T>) return x != x ? y : (y < x ? y : x);
    return y < x ? y : x;
}
template <class T>
requires std::is_arithmetic_v<T>
constexpr T max(T x, T y) {
    if constexpr (std::is_floating_point_v<T>) return x != x ? y : (x < y ? y : x);
    return x < y ? y : x;
}

#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "kernels/core/simd/lanes.h"

/// Functions of float vectors over the whole range, infinities and NaN included, for element-wise
/// ops. An element gives the same bits in every lane. Errors are in units in the last place of the
/// exact result where that is a normal number; the tests measure them. tanh is in elm_lanes.h.
namespace elm::lane_math {

template <int N>
using Floats = lanes::Vec<float, N>;

template <int N>
ELM_INLINE Floats<N> multiply_add(const Floats<N>& a, const Floats<N>& b, float c) {
    return lanes::multiply_add<float, N>(a, b, lanes::broadcast<float, N>(c));
}

/// first + second x + third x^2 + ..., from the last coefficient down.
template <int N, int Count>
ELM_INLINE Floats<N> polynomial(const Floats<N>& x, const float (&coefficients)[Count]) {
    Floats<N> sum = lanes::broadcast<float, N>(coefficients[Count - 1]);
#pragma GCC unroll 16
    for (int i = Count - 2; i >= 0; --i) sum = multiply_add<N>(sum, x, coefficients[i]);
    return sum;
}

template <int N>
ELM_INLINE Floats<N> absolute(const Floats<N>& x) {
    using Bits = lanes::Vec<std::int32_t, N>;
    return std::bit_cast<Floats<N>>(std::bit_cast<Bits>(x) & 0x7FFFFFFF);
}

/// e^x, at most 1 unit off; 0 below -104, infinity above 88.73, and right in between, where results
/// are below the normal numbers.
template <int N>
ELM_INLINE Floats<N> exp(const Floats<N>& from) {
    using Whole = lanes::Vec<std::int32_t, N>;
    constexpr float magic = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
    const Floats<N> x = lanes::clamp<float, N>(from, -104.0F, 89.0F);
    const Floats<N> rounded = multiply_add<N>(x, lanes::broadcast<float, N>(1.44269504F), magic);
    const Floats<N> n = rounded - magic;
    // ln 2 in two parts, of which the first has few enough digits for an exact product.
    Floats<N> r = lanes::multiply_add<float, N>(-0x1.62E4p-1F, n, x);
    r = lanes::multiply_add<float, N>(-0x1.7F7D1Cp-20F, n, r);
    // e^r = 1 + r + r^2 q(r) on |r| <= ln 2 / 2; fit with a relative error of 3.1e-9.
    constexpr float q[] = {0.4999999403953552F, 0.1666651964187622F, 0.04166839271783829F,
                           0.008368780836462975F, 0.0013814469566568732F};
    const Floats<N> tail = lanes::multiply_add<float, N>(r * r, polynomial<N>(r, q), r);
    // Two factors: 2^n alone leaves the range before the result does.
    const Whole power = std::bit_cast<Whole>(rounded) - std::bit_cast<std::int32_t>(magic);
    const Whole half = power >> 1;
    const auto two_to = [](const Whole& k) { return std::bit_cast<Floats<N>>((k + 127) << 23); };
    return (tail + 1.0F) * two_to(half) * two_to(power - half);
}

/// e^x of either type; numbers of float64 one by one.
template <class Real, int N>
ELM_INLINE lanes::Vec<Real, N> exponential(const lanes::Vec<Real, N>& x) {
    if constexpr (std::is_same_v<Real, float>) {
        return exp<N>(x);
    } else {
        lanes::Vec<Real, N> result;
        for (int lane = 0; lane < N; ++lane) result[lane] = std::exp(x[lane]);
        return result;
    }
}

/// 1 / (1 + e^-x) and 1 / (1 + e^x), from e^-|x|, which no x makes infinite.
template <int N>
struct Logistic {
    Floats<N> rising, falling;

    ELM_INLINE explicit Logistic(const Floats<N>& x) {
        const Floats<N> zero{}, one = lanes::broadcast<float, N>(1.0F);
        const Floats<N> e = exp<N>(-absolute<N>(x)), sum = one + e;
        rising = (x < zero ? e : one) / sum;
        falling = (x < zero ? one : e) / sum;
    }
};

/// 1 / (1 + e^-x), at most 2 units off.
template <int N>
ELM_INLINE Floats<N> sigmoid(const Floats<N>& x) {
    return Logistic<N>(x).rising;
}

/// x / (1 + e^-x), at most 3 units off above -87, and 1e-43 below; -0 below -104.
template <int N>
ELM_INLINE Floats<N> silu(const Floats<N>& from) {
    const Floats<N> lowest = lanes::broadcast<float, N>(-104.0F);
    const Floats<N> x = from < lowest ? lowest : from;
    return x * sigmoid<N>(x);
}

template <int N>
ELM_INLINE Floats<N> silu_derivative(const Floats<N>& from) {
    const Floats<N> x = lanes::clamp<float, N>(from, -104.0F, 104.0F);
    const Logistic<N> gate(x);
    return gate.rising *
           lanes::multiply_add<float, N>(x, gate.falling, lanes::broadcast<float, N>(1.0F));
}

/// log(1 + e^x), at most 3 units off.
template <int N>
ELM_INLINE Floats<N> softplus(const Floats<N>& x) {
    // log(1 + e) = 2 artanh(s), s = e / (2 + e) <= 1/3; fit of artanh(s) / s in s^2 with a relative
    // error of 4e-9.
    constexpr float q[] = {1.0F, 0.3333315849304199F, 0.20012454688549042F, 0.13980302214622498F,
                           0.1408916711807251F};
    const Floats<N> e = exp<N>(-absolute<N>(x));
    const Floats<N> s = e / (e + 2.0F);
    const Floats<N> zero{};
    const Floats<N> larger = x < zero ? zero : x;  // NaN stays NaN
    return lanes::multiply_add<float, N>(s + s, polynomial<N>(s * s, q), larger);
}

/// Tail of the normal distribution above |x|, Q = erfc(|x| / sqrt 2) / 2, and e^(-x^2 / 2).
template <int N>
struct NormalTail {
    Floats<N> x;  // within ±20
    Floats<N> above, density;

    ELM_INLINE explicit NormalTail(const Floats<N>& from)
        : x(lanes::clamp<float, N>(from, -20.0F, 20.0F)) {
        const Floats<N> square = x * x;
        const Floats<N> lost = lanes::multiply_add<float, N>(x, x, -square);
        const Floats<N> rough = exp<N>(-0.5F * square);
        density = lanes::multiply_add<float, N>(-0.5F * lost, rough, rough);
        // erfc(y) e^(y^2) = t p(t - 1/2), t = 1 / (1 + y / 2); fit with a relative error of 3.9e-8.
        constexpr float p[] = {0.5107913613319397F,  0.6871609687805176F,   0.5589398741722107F,
                               0.14574134349822998F, -0.17189469933509827F, -0.10299695283174515F,
                               0.09569454938173294F, 0.04802727699279785F,  -0.06073335185647011F,
                               0.002223270945250988F};
        const Floats<N> t =
            1.0F /
            multiply_add<N>(absolute<N>(x), lanes::broadcast<float, N>(0.35355339059327F), 1.0F);
        above = 0.5F * density * (t * polynomial<N>(t - 0.5F, p));
    }

    /// Q below x.
    ELM_INLINE Floats<N> below() const {
        const Floats<N> zero{};
        return x < zero ? above : 1.0F - above;
    }
};

/// x (1 + erf(x / sqrt 2)) / 2, at most 8 units off, 64 without fused products; -0 below -20.
template <int N>
ELM_INLINE Floats<N> gelu(const Floats<N>& from) {
    const NormalTail<N> normal(from);
    const Floats<N> highest = lanes::broadcast<float, N>(20.0F);
    return (from > highest ? from : normal.x) * normal.below();
}

template <int N>
ELM_INLINE Floats<N> gelu_derivative(const Floats<N>& x) {
    const NormalTail<N> normal(x);
    const Floats<N> density = 0.39894228040143268F * normal.density;
    return lanes::multiply_add<float, N>(normal.x, density, normal.below());
}

/// Calls body(vector) -> vector on `count` elements; the last ones travel in a vector of their own.
template <class Body>
ELM_INLINE void transform(const float* from, float* to, std::int64_t count, const Body& body) {
    constexpr int N = lanes::native<float>;
    std::int64_t at = 0;
    for (; at + N <= count; at += N) {
        lanes::store<float, N>(to + at, body(lanes::load<float, N>(from + at)));
    }
    if (at == count) return;
    float rest[N] = {};
    std::copy_n(from + at, count - at, rest);
    lanes::store<float, N>(rest, body(lanes::load<float, N>(rest)));
    std::copy_n(rest, count - at, to + at);
}

}  // namespace elm::lane_math

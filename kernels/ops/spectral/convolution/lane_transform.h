#pragma once

#include <cmath>
#include <numbers>

#include "kernels/core/simd/lane_blocks.h"
#include "kernels/ops/basic/complex_planes.h"

/// Fourier transforms of a power of two of complex numbers, in place, a feature in each lane. The
/// forward one leaves its results in the order in which the inverse one takes them (bits reversed
/// in fours): enough for products element by element. It goes down to halves that lie in cache
/// before it goes on (Cooley & Tukey 1965, doi:10.1090/S0025-5718-1965-0178586-1; radix 4).
namespace elm {

/// Element j: real parts of all lanes, then imaginary parts.
template <class Real>
struct LaneNumbers {
    Vectors<Real> vectors;

    ELM_INLINE ComplexNumber<WholeLanes<Real>> operator[](std::int64_t index) const {
        return {vectors[2 * index], vectors[2 * index + 1]};
    }
    ELM_INLINE void set(std::int64_t index, const ComplexNumber<WholeLanes<Real>>& value) const {
        vectors.set(2 * index, value.real);
        vectors.set(2 * index + 1, value.imag);
    }
    ELM_INLINE LaneNumbers from(std::int64_t index) const { return {vectors.from(2 * index)}; }
};

template <class Real>
class LaneTransform {
public:
    using Numbers = LaneNumbers<Real>;
    using Value = ComplexNumber<WholeLanes<Real>>;

    /// `points` is a power of two.
    explicit LaneTransform(std::int64_t points) : points_(points) {
        roots_.resize(static_cast<std::size_t>(2 * points));
        twist_.resize(static_cast<std::size_t>(2 * points));
        const double turn = 2 * std::numbers::pi / static_cast<double>(points);
        for (std::int64_t k = 0; k < points; ++k) {
            const double angle = turn * static_cast<double>(k);
            set(roots_, k, std::cos(angle), -std::sin(angle));
            set(twist_, k, std::cos(angle / 4), std::sin(angle / 4));
        }
    }

    std::int64_t points() const noexcept { return points_; }

    void forward(const Numbers& values) const { forward(values, points_); }
    /// Without the factor 1 / points.
    void inverse(const Numbers& values) const { inverse(values, points_); }

    /// value e^(i pi t / (2 points)) and the real part of value e^(-i pi t / (2 points)).
    ELM_INLINE Value twisted(std::int64_t t, const Lanes<Real>& value) const {
        const Real* const factor = &twist_[static_cast<std::size_t>(2 * t)];
        return {value * factor[0], value * factor[1]};
    }
    ELM_INLINE Lanes<Real> untwisted(std::int64_t t, const Value& value) const {
        const Real* const factor = &twist_[static_cast<std::size_t>(2 * t)];
        return value.real * factor[0] + value.imag * factor[1];
    }

private:
    static constexpr int width = lanes::native<Real>;

    static void set(lanes::AlignedVector<Real>& table, std::int64_t k, double real, double imag) {
        table[static_cast<std::size_t>(2 * k)] = static_cast<Real>(real);
        table[static_cast<std::size_t>(2 * k + 1)] = static_cast<Real>(imag);
    }

    /// value times root k, or its conjugate.
    template <bool conjugate>
    ELM_INLINE Value rotated(const Value& value, std::int64_t k) const {
        const Real real = roots_[static_cast<std::size_t>(2 * k)];
        const Real sine = roots_[static_cast<std::size_t>(2 * k + 1)];
        const Real imag = conjugate ? -sine : sine;
        return {lanes::multiply_add<Real, width>(real, value.real, -imag * value.imag),
                lanes::multiply_add<Real, width>(real, value.imag, imag * value.real)};
    }

    ELM_INLINE static Value sum(const Value& a, const Value& b) {
        return {a.real + b.real, a.imag + b.imag};
    }
    ELM_INLINE static Value difference(const Value& a, const Value& b) {
        return {a.real - b.real, a.imag - b.imag};
    }
    /// a - i b.
    ELM_INLINE static Value turned_sum(const Value& a, const Value& b) {
        return {a.real + b.imag, a.imag - b.real};
    }
    /// a + i b.
    ELM_INLINE static Value turned_difference(const Value& a, const Value& b) {
        return {a.real - b.imag, a.imag + b.real};
    }

    ELM_INLINE static void pair(const Numbers& values) {
        const Value a = values[0], b = values[1];
        values.set(0, sum(a, b));
        values.set(1, difference(a, b));
    }

    void forward(const Numbers& values, std::int64_t n) const {
        if (n < 2) return;
        if (n == 2) return pair(values);
        const std::int64_t quarter = n / 4, stride = points_ / n;
        for (std::int64_t j = 0; j < quarter; ++j) {
            const Value a = values[j], b = values[j + quarter];
            const Value c = values[j + 2 * quarter], d = values[j + 3 * quarter];
            const Value s0 = sum(a, c), s1 = difference(a, c), s2 = sum(b, d),
                        s3 = difference(b, d);
            const std::int64_t k = j * stride;
            values.set(j, sum(s0, s2));
            values.set(j + quarter, rotated<false>(turned_sum(s1, s3), k));
            values.set(j + 2 * quarter, rotated<false>(difference(s0, s2), 2 * k));
            values.set(j + 3 * quarter, rotated<false>(turned_difference(s1, s3), 3 * k));
        }
        for (int part = 0; part < 4; ++part) forward(values.from(part * quarter), quarter);
    }

    void inverse(const Numbers& values, std::int64_t n) const {
        if (n < 2) return;
        if (n == 2) return pair(values);
        const std::int64_t quarter = n / 4, stride = points_ / n;
        for (int part = 0; part < 4; ++part) inverse(values.from(part * quarter), quarter);
        for (std::int64_t j = 0; j < quarter; ++j) {
            const std::int64_t k = j * stride;
            const Value a = values[j], b = rotated<true>(values[j + quarter], k);
            const Value c = rotated<true>(values[j + 2 * quarter], 2 * k);
            const Value d = rotated<true>(values[j + 3 * quarter], 3 * k);
            const Value s0 = sum(a, c), s1 = difference(a, c), s2 = sum(b, d),
                        s3 = difference(b, d);
            values.set(j, sum(s0, s2));
            values.set(j + quarter, turned_difference(s1, s3));
            values.set(j + 2 * quarter, difference(s0, s2));
            values.set(j + 3 * quarter, turned_sum(s1, s3));
        }
    }

    std::int64_t points_;
    lanes::AlignedVector<Real> roots_;  // e^(-2 pi i k / points)
    lanes::AlignedVector<Real> twist_;  // e^(i pi k / (2 points))
};

}  // namespace elm

#pragma once

#include "kernels/core/simd/lanes.h"

namespace elm {

/// A complex number in each lane.
template <class Real, int N>
struct Pair {
    lanes::Vec<Real, N> real, imaginary;

    ELM_INLINE friend Pair operator+(const Pair& a, const Pair& b) {
        return {a.real + b.real, a.imaginary + b.imaginary};
    }
    ELM_INLINE friend Pair operator-(const Pair& a, const Pair& b) {
        return {a.real - b.real, a.imaginary - b.imaginary};
    }
    template <class Factor>
    ELM_INLINE friend Pair operator*(const Factor& factor, const Pair& a) {
        return {factor * a.real, factor * a.imaginary};
    }
    ELM_INLINE Pair times_i() const { return {-imaginary, real}; }
    template <class Factor>
    ELM_INLINE Pair times(const Factor& re, const Factor& im) const {
        return {real * re - imaginary * im, real * im + imaginary * re};
    }
};

}  // namespace elm

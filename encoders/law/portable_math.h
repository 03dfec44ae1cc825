#pragma once

#include <cmath>

#include "kernels/core/host_device.h"

/// Functions with the same bits on every device, where those of libraries differ in the last place:
/// series of fused multiply-adds in a written order, off by less than 3 units in the last place.
namespace elm::portable {

inline constexpr double ln2_high = 0x1.62e42fefa39efp-1, ln2_low = 0x1.abc9e3b39803fp-56;

/// a * b, rounded: no compiler takes it into a sum.
template <class Real>
ELM_HD Real product(Real a, Real b) {
    return std::fma(a, b, Real(0));
}

/// e^x, and 0 below -708. By e^x = 2^n e^r, |r| <= ln(2) / 2, and the Taylor series of e^r.
ELM_HD inline double exp(double x) {
    if (x < -708) return 0;
    if (x > 709) return HUGE_VAL;
    constexpr double log2_e = 1.4426950408889634;
    constexpr double inverse_factorials[] = {1.0 / 6227020800,
                                             1.0 / 479001600,
                                             1.0 / 39916800,
                                             1.0 / 3628800,
                                             1.0 / 362880,
                                             1.0 / 40320,
                                             1.0 / 5040,
                                             1.0 / 720,
                                             1.0 / 120,
                                             1.0 / 24,
                                             1.0 / 6,
                                             1.0 / 2,
                                             1.0,
                                             1.0};
    const double n = std::nearbyint(product(x, log2_e));
    const double r = std::fma(-n, ln2_low, std::fma(-n, ln2_high, x));
    double sum = 0;
    for (const double coefficient : inverse_factorials) sum = std::fma(sum, r, coefficient);
    return std::ldexp(sum, static_cast<int>(n));
}

/// ln x of x >= 0, -infinity of 0. With x = 2^n (1 + f), sqrt(1/2) <= 1 + f < sqrt(2), and
/// s = f / (2 + f): ln(1 + f) = f - f^2 / 2 + s (f^2 / 2 + 2 (s^2 / 3 + s^4 / 5 + ...)).
ELM_HD inline double log(double x) {
    if (x == 0) return -HUGE_VAL;
    constexpr double root_half = 0.70710678118654757;
    constexpr double coefficients[] = {2.0 / 23, 2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13,
                                       2.0 / 11, 2.0 / 9,  2.0 / 7,  2.0 / 5,  2.0 / 3,  0.0};
    int n = 0;
    double fraction = std::frexp(x, &n);
    if (fraction < root_half) {
        fraction *= 2;
        --n;
    }
    const double f = fraction - 1, s = f / (2 + f), z = product(s, s);
    const double half_square = product(f / 2, f);
    double sum = 0;
    for (const double coefficient : coefficients) sum = std::fma(sum, z, coefficient);
    const double correction = std::fma(-s, half_square + sum, half_square);  // f - ln(1 + f)
    const double e = n;
    return std::fma(e, ln2_high, f - std::fma(-e, ln2_low, correction));
}

/// arcsin x of x in [0, 1]. Up to 1/2 by its Taylor series, above by the half of the angle:
/// pi / 2 - 2 arcsin(sqrt((1 - x) / 2)).
ELM_HD inline double asin(double x) {
    constexpr double half_pi = 1.5707963267948966;
    const double small = x > 0.5 ? std::sqrt((1 - x) / 2) : x, z = product(small, small);
    // arcsin y = y + y z / 6 (1 + ...): term k + 1 is term k z (2 k + 1)^2 / ((2 k + 2) (2 k + 3)).
    double sum = 1;
    for (int k = 24; k > 0; --k) {
        sum = std::fma(product(sum, z), (2.0 * k + 1) * (2 * k + 1) / ((2 * k + 2) * (2 * k + 3)),
                       1.0);
    }
    const double angle = std::fma(small, product(sum, z) / 6, small);
    return x > 0.5 ? std::fma(-2.0, angle, half_pi) : angle;
}

}  // namespace elm::portable

#pragma once

#include <array>
#include <cmath>
#include <numbers>

namespace elm::cochlea {

/// A complex number whose products look for no NaN, as those of std::complex do.
struct Complex {
    double re = 0, im = 0;

    friend Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
    friend Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
    friend Complex operator*(Complex a, Complex b) {
        return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
    }
    friend Complex operator*(double a, Complex b) { return {a * b.re, a * b.im}; }
    friend Complex operator/(Complex a, Complex b) {
        const double norm = 1 / (b.re * b.re + b.im * b.im);
        return {(a.re * b.re + a.im * b.im) * norm, (a.im * b.re - a.re * b.im) * norm};
    }
    Complex conjugate() const { return {re, -im}; }
    Complex times_i() const { return {-im, re}; }
    double squared_size() const { return re * re + im * im; }
};

inline Complex square_root(Complex z) {
    const double size = std::sqrt(z.squared_size());
    const double larger = std::sqrt((size + std::abs(z.re)) / 2);
    if (larger == 0) return {};
    const double smaller = std::abs(z.im) / (2 * larger);
    return z.re >= 0 ? Complex{larger, std::copysign(smaller, z.im)}
                     : Complex{smaller, std::copysign(larger, z.im)};
}
inline Complex exponential(Complex z) {
    const double size = std::exp(z.re);
    return {size * std::cos(z.im), size * std::sin(z.im)};
}
inline Complex logarithm(Complex z) {
    return {0.5 * std::log(z.squared_size()), std::atan2(z.im, z.re)};
}

/// S(z) of the Hankel function of the first kind and order 0,
///   H0(z) = sqrt(2 / (pi z)) e^(i (z - pi / 4)) S(z),   S -> 1 for large z,
/// for z in the first quadrant. Below |z| = 2 from the power series of J0 and Y0 (Abramowitz &
/// Stegun 1964, 9.1.12 and 9.1.13); from there by partial fractions in s = -i z fitted to
/// sqrt(2 s / pi) e^s K0(s), relative error of H0 below 6e-15.
inline Complex hankel_amplitude(Complex z) {
    constexpr double two = 4;  // |z|^2
    if (z.squared_size() >= two) {
        struct Fraction {
            double pole, residue;
        };
        constexpr std::array<Fraction, 11> fractions{{{0.03327616884589341, -0.01142484050156615},
                                                      {0.1471678369825536, -0.02682038737469636},
                                                      {0.3450626473301804, -0.0316301060935033},
                                                      {0.6290237122497022, -0.02613848579203608},
                                                      {1.005422816145818, -0.01661246405698186},
                                                      {1.489629131778822, -0.008275670360575471},
                                                      {2.110908793355111, -0.00313019519520428},
                                                      {2.918660704965142, -0.000826908683352022},
                                                      {3.994600670674485, -0.0001312325119152376},
                                                      {5.486391166433588, -9.537786684766871e-06},
                                                      {7.743781116398321, -1.71643469390317e-07}}};
        const Complex s{z.im, -z.re};
        Complex sum{1, 0};
        for (const auto [pole, residue] : fractions) {
            const double real = s.re + pole, scale = residue / (real * real + s.im * s.im);
            sum = sum + Complex{real * scale, -s.im * scale};
        }
        return sum;
    }
    const Complex quarter = -0.25 * (z * z);
    Complex term{1, 0}, bessel{1, 0}, harmonic_sum{};
    double harmonic = 0;
    for (int k = 1; k <= 12; ++k) {
        harmonic += 1.0 / k;
        term = (1.0 / (k * k)) * (term * quarter);
        bessel = bessel + term;
        harmonic_sum = harmonic_sum + harmonic * term;
    }
    const Complex log = logarithm(0.5 * z) + Complex{std::numbers::egamma, 0};
    const Complex h = bessel + (2 / std::numbers::pi) * (log * bessel - harmonic_sum).times_i();
    const Complex phase = exponential(Complex{z.im, std::numbers::pi / 4 - z.re});
    return square_root((std::numbers::pi / 2) * z) * phase * h;
}

/// H0(z), the same.
inline Complex hankel_0(Complex z) {
    const Complex phase = exponential(Complex{-z.im, z.re - std::numbers::pi / 4});
    return square_root(Complex{2 / std::numbers::pi, 0} / z) * phase * hankel_amplitude(z);
}

}  // namespace elm::cochlea

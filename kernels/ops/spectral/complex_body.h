#pragma once

#include <cmath>

#include "kernels/core/host_device.h"

/// Complex numbers in float64 for the few coefficients of which long kernels are made, for both
/// compilers.
namespace elm {

struct Complex {
    double real = 0, imag = 0;

    ELM_HD friend Complex operator+(const Complex& a, const Complex& b) {
        return {a.real + b.real, a.imag + b.imag};
    }
    ELM_HD friend Complex operator-(const Complex& a, const Complex& b) {
        return {a.real - b.real, a.imag - b.imag};
    }
    ELM_HD friend Complex operator*(const Complex& a, const Complex& b) {
        return {a.real * b.real - a.imag * b.imag, a.real * b.imag + a.imag * b.real};
    }
    ELM_HD friend Complex operator*(double a, const Complex& b) { return {a * b.real, a * b.imag}; }
};

ELM_HD inline Complex conjugate(const Complex& z) { return {z.real, -z.imag}; }
ELM_HD inline double squared_modulus(const Complex& z) { return z.real * z.real + z.imag * z.imag; }
ELM_HD inline Complex reciprocal(const Complex& z) {
    return (1 / squared_modulus(z)) * conjugate(z);
}
ELM_HD inline Complex exponential(const Complex& z) {
    const double size = exp(z.real);
    return {size * cos(z.imag), size * sin(z.imag)};
}
ELM_HD inline Complex logarithm(const Complex& z) {
    return {0.5 * log(squared_modulus(z)), atan2(z.imag, z.real)};
}

/// Sum of coefficient(k) z^k for 0 <= k < 16, from the last one down.
template <class Coefficient>
ELM_HD Complex power_series(const Complex& z, const Coefficient& coefficient) {
    Complex sum{};
    for (int k = 15; k >= 0; --k) sum = z * sum + Complex{coefficient(k), 0};
    return sum;
}

ELM_HD inline double factorial(int n) {
    double product = 1;
    for (int k = 2; k <= n; ++k) product *= k;
    return product;
}

/// (e^z - 1) / z, 1 at 0: the series near 0, where the difference would lose digits.
ELM_HD inline Complex phi(const Complex& z) {
    if (squared_modulus(z) < 0.25) {
        return power_series(z, [](int k) { return 1 / factorial(k + 1); });
    }
    return (exponential(z) - Complex{1, 0}) * reciprocal(z);
}

/// The derivative of phi, (z e^z - e^z + 1) / z^2.
ELM_HD inline Complex phi_derivative(const Complex& z) {
    if (squared_modulus(z) < 0.25) {
        return power_series(z, [](int k) { return (k + 1) / factorial(k + 2); });
    }
    const Complex e = exponential(z);
    return (z * e - e + Complex{1, 0}) * reciprocal(z * z);
}

}  // namespace elm

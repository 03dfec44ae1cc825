#pragma once

#include "kernels/ops/spectral/complex_body.h"
#include "kernels/ops/spectral/modes/discretisation.h"

/// One mode x' = a x + u over a step of `dt`: x[t] = e^exponent x[t-1] + gain u[t], and how both
/// depend on a and dt.
///
///   zero-order hold   exponent = dt a                             gain = (e^exponent - 1) / a
///   bilinear          exponent = log((1 + dt a/2)/(1 - dt a/2))   gain = dt / (1 - dt a/2)
namespace elm {

struct DiscreteMode {
    Complex exponent, gain;
};
struct DiscreteModeDerivative {
    Complex exponent_by_rate, exponent_by_step, gain_by_rate, gain_by_step;
};

ELM_HD inline DiscreteMode discretise(Discretisation rule, const Complex& a, double dt) {
    const Complex z = dt * a;
    if (rule == Discretisation::zero_order_hold) return {z, dt * phi(z)};
    const Complex above = Complex{1, 0} + 0.5 * z, below = reciprocal(Complex{1, 0} - 0.5 * z);
    return {logarithm(above * below), dt * below};
}

ELM_HD inline DiscreteModeDerivative discretise_derivative(Discretisation rule, const Complex& a,
                                                           double dt) {
    const Complex z = dt * a;
    if (rule == Discretisation::zero_order_hold) {
        return {{dt, 0}, a, dt * dt * phi_derivative(z), exponential(z)};
    }
    const Complex below = reciprocal(Complex{1, 0} - 0.5 * z), square = below * below;
    const Complex slope = reciprocal(Complex{1, 0} - 0.25 * (z * z));
    return {dt * slope, a * slope, 0.5 * dt * dt * square, square};
}

}  // namespace elm

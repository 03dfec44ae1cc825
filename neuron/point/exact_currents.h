#pragma once

#include <cmath>

/// Coefficients of the exact solution, over a step h, of
///
///     dv/dt = -v / tau_m + I / C
///
/// for a current that decays with tau_s, or that follows an alpha function. In doubles; times in
/// ms, C in nF, I in nA, v in mV. They are continuous at tau_s = tau_m and lose no digits near it.
/// Source: Rotter & Diesmann 1999, doi:10.1007/s004220050570, sections 3.1 and 3.2.
namespace elm::exact_currents {

/// (e^x - 1) / x.
inline double relative_exp1(double x) { return x == 0 ? 1 : std::expm1(x) / x; }

/// (e^x - 1 - x) / x^2: the series where the difference would cancel, whose first term that is left
/// out is below 1e-17 there.
inline double relative_exp2(double x) {
    if (std::abs(x) >= 0.5) return (std::expm1(x) - x) / (x * x);
    double term = 0.5, sum = 0.5;
    for (int n = 3; n < 16; ++n) sum += term *= x / n;
    return sum;
}

/// h / beta with 1 / beta = 1 / tau_s - 1 / tau_m.
inline double step_over_beta(double h, double tau_m, double tau_s) {
    return h * (tau_m - tau_s) / (tau_m * tau_s);
}

/// What v gains from a current of 1 nA at the beginning that decays with tau_s.
inline double of_exponential(double h, double tau_m, double tau_s, double capacitance) {
    const double x = step_over_beta(h, tau_m, tau_s);
    const double shape = x > 1 ? (std::exp(-h / tau_m) - std::exp(-h / tau_s)) / x
                               : std::exp(-h / tau_s) * relative_exp1(x);
    return h / capacitance * shape;
}

/// What v gains from a current that begins at 0 nA, rises by 1 nA/ms, and whose rise decays with
/// tau_s, as the current itself does: the alpha function t exp(-t / tau_s).
inline double of_alpha_rise(double h, double tau_m, double tau_s, double capacitance) {
    const double x = step_over_beta(h, tau_m, tau_s);
    const double decay = std::exp(-h / tau_s);
    const double shape =
        x > 1 ? (std::exp(-h / tau_m) - decay - x * decay) / (x * x) : decay * relative_exp2(x);
    return h * h / capacitance * shape;
}

/// What v gains from a constant current of 1 nA.
inline double of_constant(double h, double tau_m, double capacitance) {
    return -tau_m / capacitance * std::expm1(-h / tau_m);
}

}  // namespace elm::exact_currents

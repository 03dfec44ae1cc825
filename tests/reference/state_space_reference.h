#pragma once

#include <cmath>
#include <complex>
#include <cstddef>
#include <vector>

/// State spaces by naive loops in float64.
namespace elm::reference {

using Numbers = std::vector<double>;
using ComplexNumbers = std::vector<std::complex<double>>;

inline ComplexNumbers joined(const Numbers& real, const Numbers& imag) {
    ComplexNumbers all;
    for (std::size_t i = 0; i < real.size(); ++i) all.emplace_back(real[i], imag[i]);
    return all;
}

/// h[t] = a[t] h[t-1] + b[t]; decay (units) or (batch, time, units).
inline ComplexNumbers diagonal_scan(const ComplexNumbers& decay, const ComplexNumbers& input,
                                    const ComplexNumbers& initial, std::size_t batch,
                                    std::size_t time, std::size_t units) {
    ComplexNumbers states(input.size());
    const bool constant = decay.size() == units && decay.size() != input.size();
    for (std::size_t i = 0; i < batch * time * units; ++i) {
        const std::size_t unit = i % units, t = i / units % time, sample = i / units / time;
        const std::complex<double> before =
            t > 0 ? states[i - units] : initial[sample * units + unit];
        states[i] = decay[constant ? unit : i] * before + input[i];
    }
    return states;
}

/// y[t] = sum over s <= t of filter[s] input[t - s], for each feature.
inline Numbers causal_convolution(const Numbers& input, const Numbers& filter, std::size_t batch,
                                  std::size_t time, std::size_t features, std::size_t length) {
    Numbers output(input.size(), 0.0);
    for (std::size_t sample = 0; sample < batch; ++sample) {
        for (std::size_t t = 0; t < time; ++t) {
            for (std::size_t s = 0; s <= t && s < length; ++s) {
                for (std::size_t f = 0; f < features; ++f) {
                    output[(sample * time + t) * features + f] +=
                        filter[s * features + f] * input[(sample * time + t - s) * features + f];
                }
            }
        }
    }
    return output;
}

/// One mode x' = a x + u over a step of dt: decay and gain.
struct DiscreteMode {
    std::complex<double> decay, gain;
};
inline DiscreteMode discrete_mode(bool bilinear, std::complex<double> a, double dt) {
    if (bilinear) {
        const std::complex<double> below = 1.0 - dt / 2 * a;
        return {(1.0 + dt / 2 * a) / below, dt / below};
    }
    // exp(x + iy) - 1 without the difference of numbers near 1.
    const double x = dt * a.real(), y = dt * a.imag(), half = std::sin(y / 2);
    const std::complex<double> less_one{std::expm1(x) * std::cos(y) - 2 * half * half,
                                        std::exp(x) * std::sin(y)};
    return {std::exp(dt * a), less_one / a};
}

}  // namespace elm::reference

#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace elm::reference {

/// function(left[i], right[i modulo the length of right]).
template <class Function>
std::vector<double> elementwise(const std::vector<double>& left, const std::vector<double>& right,
                                Function function) {
    std::vector<double> result;
    for (std::size_t i = 0; i < left.size(); ++i) {
        result.push_back(function(left[i], right[i % right.size()]));
    }
    return result;
}

// The activation functions from their definitions; long double keeps their differences exact.

inline double sigmoid(double x) { return static_cast<double>(1 / (1 + std::exp(-(long double)x))); }
inline double relu(double x) { return std::fmax(x, 0); }
inline double relu2(double x) { return x > 0 ? x * x : 0; }
inline double silu(double x) { return x * sigmoid(x); }
inline double gelu(double x) {
    return static_cast<double>(x * std::erfc(-x / std::sqrt(2.0L)) / 2);
}
inline double gelu_tanh(double x) {
    const double z = std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x);
    return x / (1 + std::exp(-2 * z));  // 1 + tanh would cancel
}
inline double softplus(double x) {
    return static_cast<double>(std::log1p(std::exp((long double)x)));
}
inline double scaled_tanh(double x) { return 1.7159 * std::tanh(2 * x / 3); }

}  // namespace elm::reference

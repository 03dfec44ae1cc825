#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace elm::reference {

/// A dense matrix, row by row, and a vector.
struct DenseSystem {
    std::size_t size;
    std::vector<double> matrix, vector;
};

/// A and B of the measure LegS: Gu et al. 2020, arXiv 2008.07669, equation 30.
inline DenseSystem legendre_system(std::size_t size) {
    DenseSystem made{size, std::vector<double>(size * size, 0.0), std::vector<double>(size)};
    for (std::size_t n = 0; n < size; ++n) {
        const auto b = [](std::size_t i) { return std::sqrt(2.0 * static_cast<double>(i) + 1); };
        made.vector[n] = b(n);
        for (std::size_t k = 0; k < n; ++k) made.matrix[n * size + k] = -b(n) * b(k);
        made.matrix[n * size + n] = -static_cast<double>(n + 1);
    }
    return made;
}

/// matrix x = right, by elimination without pivots.
inline std::vector<double> solved(std::vector<double> matrix, std::vector<double> right) {
    const std::size_t size = right.size();
    for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t row = i + 1; row < size; ++row) {
            const double factor = matrix[row * size + i] / matrix[i * size + i];
            for (std::size_t k = i; k < size; ++k) {
                matrix[row * size + k] -= factor * matrix[i * size + k];
            }
            right[row] -= factor * right[i];
        }
    }
    for (std::size_t i = size; i-- > 0;) {
        for (std::size_t k = i + 1; k < size; ++k) right[i] -= matrix[i * size + k] * right[k];
        right[i] /= matrix[i * size + i];
    }
    return right;
}

/// (1 - alpha part A) result = (1 + (1 - alpha) part A) state + part B u.
inline std::vector<double> generalised_bilinear_step(const DenseSystem& system, double part,
                                                     double alpha, const std::vector<double>& state,
                                                     double u) {
    const std::size_t size = system.size;
    std::vector<double> left(size * size), right(size);
    for (std::size_t n = 0; n < size; ++n) {
        right[n] = state[n] + part * system.vector[n] * u;
        for (std::size_t k = 0; k < size; ++k) {
            const double a = part * system.matrix[n * size + k];
            left[n * size + k] = (n == k ? 1 : 0) - alpha * a;
            right[n] += (1 - alpha) * a * state[k];
        }
    }
    return solved(left, right);
}

}  // namespace elm::reference

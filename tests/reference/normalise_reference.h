#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace elm::reference {

/// (x - mean) / sqrt(mean of (x - mean)^2 + epsilon) over `count` elements, `stride` apart from
/// `first` on; mean 0 if not centred.
inline void normalise(std::vector<double>& values, std::size_t first, std::size_t count,
                      std::size_t stride, double epsilon, bool centred) {
    double mean = 0, square = 0;
    for (std::size_t k = 0; centred && k < count; ++k) mean += values[first + k * stride];
    mean /= static_cast<double>(count);
    for (std::size_t k = 0; k < count; ++k)
        square += std::pow(values[first + k * stride] - mean, 2);
    const double deviation = std::sqrt(square / static_cast<double>(count) + epsilon);
    for (std::size_t k = 0; k < count; ++k) {
        values[first + k * stride] = (values[first + k * stride] - mean) / deviation;
    }
}

/// gain[column] value + bias[column]; an empty bias is 0.
inline void scale_columns(std::vector<double>& values, const std::vector<double>& gain,
                          const std::vector<double>& bias) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::size_t column = i % gain.size();
        values[i] = gain[column] * values[i] + (bias.empty() ? 0 : bias[column]);
    }
}

}  // namespace elm::reference

#pragma once

#include <cstddef>
#include <vector>

namespace elm::reference {

/// left right for each sample: left (batch, rows, inner), right (batch, inner, columns).
inline std::vector<double> matmul(const std::vector<double>& left, const std::vector<double>& right,
                                  std::size_t batch, std::size_t rows, std::size_t inner,
                                  std::size_t columns) {
    std::vector<double> result;
    for (std::size_t sample = 0; sample < batch; ++sample) {
        for (std::size_t row = 0; row < rows; ++row) {
            for (std::size_t column = 0; column < columns; ++column) {
                double sum = 0;
                for (std::size_t k = 0; k < inner; ++k) {
                    sum += left[(sample * rows + row) * inner + k] *
                           right[(sample * inner + k) * columns + column];
                }
                result.push_back(sum);
            }
        }
    }
    return result;
}

/// output[row][o] = bias[o] + sum_i input[row][i] weight[o][i]; an empty bias is none.
inline std::vector<double> linear(const std::vector<double>& input,
                                  const std::vector<double>& weight,
                                  const std::vector<double>& bias, std::size_t rows, std::size_t in,
                                  std::size_t out) {
    std::vector<double> output;
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t o = 0; o < out; ++o) {
            double sum = bias.empty() ? 0 : bias[o];
            for (std::size_t i = 0; i < in; ++i) sum += input[row * in + i] * weight[o * in + i];
            output.push_back(sum);
        }
    }
    return output;
}

}  // namespace elm::reference

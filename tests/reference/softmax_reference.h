#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace elm::reference {

/// Softmax of each row of a (rows, columns) matrix: p[i] = 1 / sum_k exp(x[k] - x[i]), which needs
/// no maximum: a sum that overflows gives p[i] = 0.
inline std::vector<double> softmax(const std::vector<double>& logits, std::size_t columns) {
    std::vector<double> probabilities(logits.size());
    for (std::size_t at = 0; at < logits.size(); ++at) {
        const std::size_t first = at / columns * columns;
        double sum = 0;
        for (std::size_t k = 0; k < columns; ++k) sum += std::exp(logits[first + k] - logits[at]);
        probabilities[at] = 1 / sum;
    }
    return probabilities;
}

}  // namespace elm::reference

#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace elm::reference {

/// sum w loss / sum w; empty weights are all 1.
inline double weighted_mean(const std::vector<double>& losses, const std::vector<double>& weights) {
    double sum = 0, weight_sum = 0;
    for (std::size_t row = 0; row < losses.size(); ++row) {
        const double weight = weights.empty() ? 1 : weights[row];
        if (weight == 0) continue;
        sum += weight * losses[row];
        weight_sum += weight;
    }
    return weight_sum == 0 ? 0 : sum / weight_sum;
}

/// -log softmax(logits)[label] of each row, as log of sum_k exp(logits[k] - logits[label]).
inline std::vector<double> cross_entropy_rows(const std::vector<double>& logits,
                                              const std::vector<double>& labels,
                                              std::size_t classes) {
    std::vector<double> losses;
    for (std::size_t row = 0; row < labels.size(); ++row) {
        const double* of_row = logits.data() + row * classes;
        double sum = 0;
        for (std::size_t k = 0; k < classes; ++k) {
            sum += std::exp(of_row[k] - of_row[static_cast<std::size_t>(labels[row])]);
        }
        losses.push_back(std::log(sum));
    }
    return losses;
}

/// The mean of loss(prediction, target) over each row.
template <class Loss>
std::vector<double> element_loss_rows(const std::vector<double>& predictions,
                                      const std::vector<double>& targets, std::size_t rows,
                                      std::size_t columns, Loss loss) {
    std::vector<double> losses(rows, 0.0);
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t k = row * columns; k < (row + 1) * columns; ++k) {
            losses[row] += loss(predictions[k], targets[k]) / static_cast<double>(columns);
        }
    }
    return losses;
}

inline double squared_error(double prediction, double target) {
    return std::pow(prediction - target, 2);
}

/// -t log p - (1 - t) log (1 - p) with p = 1 / (1 + exp(-x)).
inline double binary_cross_entropy(double logit, double target) {
    return target * std::log1p(std::exp(-logit)) + (1 - target) * std::log1p(std::exp(logit));
}

}  // namespace elm::reference

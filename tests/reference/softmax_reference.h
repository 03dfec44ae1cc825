#pragma once

// Softmax over the last axis as plain float64 loops, forward and backward.
//
//   output[i] = exp(input[i] - max) / Σ_j exp(input[j] - max), max the largest input of the row
//   backward, g the gradient of the loss with respect to output:
//   d input[i] = output[i] * (g[i] - Σ_j g[j] output[j])
// Shapes: all (rows, columns). -inf entries give 0; a row of nothing but -inf, or with +inf or NaN,
// gives NaN.

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <vector>

namespace elm::reference {

inline std::vector<double> softmax(std::size_t rows, std::size_t columns,
                                   const std::vector<double>& input) {
    if (input.size() != rows * columns) {
        throw std::invalid_argument("softmax reference: sizes do not fit the shape");
    }
    std::vector<double> output(input.size());
    for (std::size_t start = 0; start < input.size(); start += columns) {
        double largest = input[start];
        for (std::size_t column = 1; column < columns; ++column) {
            if (input[start + column] > largest) largest = input[start + column];
        }
        double sum = 0.0;
        for (std::size_t column = 0; column < columns; ++column) {
            output[start + column] = std::exp(input[start + column] - largest);
            sum += output[start + column];
        }
        for (std::size_t column = 0; column < columns; ++column) output[start + column] /= sum;
    }
    return output;
}

/// Gradient with respect to the input, for a given gradient with respect to softmax(input).
inline std::vector<double> softmax_backward(std::size_t rows, std::size_t columns,
                                            const std::vector<double>& input,
                                            const std::vector<double>& output_gradient) {
    if (output_gradient.size() != rows * columns) {
        throw std::invalid_argument("softmax reference: sizes do not fit the shape");
    }
    const std::vector<double> output = softmax(rows, columns, input);
    std::vector<double> gradient(input.size());
    for (std::size_t start = 0; start < input.size(); start += columns) {
        double mean = 0.0;  // of the output gradient, weighted with the output
        for (std::size_t column = 0; column < columns; ++column) {
            mean += output_gradient[start + column] * output[start + column];
        }
        for (std::size_t column = 0; column < columns; ++column) {
            gradient[start + column] =
                output[start + column] * (output_gradient[start + column] - mean);
        }
    }
    return gradient;
}

}  // namespace elm::reference

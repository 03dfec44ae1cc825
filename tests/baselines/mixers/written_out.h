#pragma once

#include <cmath>
#include <string>

#include "tests/baselines/mixers/living_mixer.h"

/// Parts of mixers in float64, by loops over rows (time, features).
namespace elm::test::mixing {

inline constexpr std::size_t n_heads = 2, n_features = width, head_width = n_features / n_heads;

/// The linear map of a mixer's child, of rows of the width.
inline Numbers mapped(LivingMixer& living, const std::string& map, const Numbers& rows) {
    const Numbers weight = values_in(*living.mixer, map + ".weight");
    const std::size_t outputs = weight.size() / n_features;
    Numbers bias(outputs, 0.0);
    for (const auto& [name, parameter] : living.mixer->parameters()) {
        if (name == map + ".bias") bias = values_of(parameter->value);
    }
    Numbers result(rows.size() / n_features * outputs);
    for (std::size_t at = 0; at < result.size(); ++at) {
        const std::size_t row = at / outputs * n_features, out = at % outputs;
        result[at] = bias[out];
        for (std::size_t in = 0; in < n_features; ++in) {
            result[at] += weight[out * n_features + in] * rows[row + in];
        }
    }
    return result;
}

/// A layer norm of rows of the width.
inline Numbers layer_norm_of(Numbers rows, const Numbers& gain, const Numbers& bias) {
    for (std::size_t row = 0; row < rows.size(); row += n_features) {
        double mean = 0, variance = 0;
        for (std::size_t c = 0; c < n_features; ++c) mean += rows[row + c] / width;
        for (std::size_t c = 0; c < n_features; ++c) {
            variance += (rows[row + c] - mean) * (rows[row + c] - mean) / width;
        }
        for (std::size_t c = 0; c < n_features; ++c) {
            rows[row + c] = gain[c] * (rows[row + c] - mean) / std::sqrt(variance + 1e-5) + bias[c];
        }
    }
    return rows;
}

/// The product of row i of one and row j of another, of a head.
inline double product(const Numbers& left, std::size_t i, const Numbers& right, std::size_t j,
                      std::size_t head) {
    double sum = 0;
    for (std::size_t c = head * head_width; c < (head + 1) * head_width; ++c) {
        sum += left[i * n_features + c] * right[j * n_features + c];
    }
    return sum;
}

/// Means of values by head, by the weights weight(i, j, head), of which `more` count besides for
/// values of nothing, through the output map.
template <class Weight>
Numbers read(LivingMixer& living, const Numbers& value, double more, const Weight& weight) {
    const std::size_t steps_read = value.size() / n_features;
    Numbers means(value.size(), 0.0);
    for (std::size_t i = 0; i < steps_read; ++i) {
        for (std::size_t head = 0; head < n_heads; ++head) {
            double all = more;
            for (std::size_t j = 0; j < steps_read; ++j) all += weight(i, j, head);
            for (std::size_t j = 0; j < steps_read; ++j) {
                const double share = weight(i, j, head) / all;
                for (std::size_t c = head * head_width; c < (head + 1) * head_width; ++c) {
                    means[i * n_features + c] += share * value[j * n_features + c];
                }
            }
        }
    }
    return mapped(living, "output", means);
}

}  // namespace elm::test::mixing

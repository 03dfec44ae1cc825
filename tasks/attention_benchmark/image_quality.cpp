#include "tasks/attention_benchmark/image_quality.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

constexpr std::int64_t window_pixels = 11;
constexpr double spread = 1.5, c1 = 6.5025, c2 = 58.5225;  // (0.01 255)^2, (0.03 255)^2

std::array<double, window_pixels> gaussian() {
    std::array<double, window_pixels> weights{};
    double sum = 0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
        const double at = static_cast<double>(k) - static_cast<double>(window_pixels / 2);
        sum += weights[k] = std::exp(-at * at / (2 * spread * spread));
    }
    for (double& weight : weights) weight /= sum;
    return weights;
}

/// Weighted means of value(row, column) over windows, along rows and then along columns.
template <class Value>
std::vector<double> blurred(const ImageSize& size, const Value& value) {
    static const std::array<double, window_pixels> weights = gaussian();
    const std::int64_t rows = size.height - window_pixels + 1,
                       columns = size.width - window_pixels + 1;
    std::vector<double> along_rows, result;
    for (std::int64_t row = 0; row < size.height; ++row) {
        for (std::int64_t column = 0; column < columns; ++column) {
            double sum = 0;
            for (std::int64_t k = 0; k < window_pixels; ++k) {
                sum += weights[static_cast<std::size_t>(k)] * value(row, column + k);
            }
            along_rows.push_back(sum);
        }
    }
    for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t column = 0; column < columns; ++column) {
            double sum = 0;
            for (std::int64_t k = 0; k < window_pixels; ++k) {
                sum += weights[static_cast<std::size_t>(k)] *
                       along_rows[static_cast<std::size_t>((row + k) * columns + column)];
            }
            result.push_back(sum);
        }
    }
    return result;
}

double similarity_of_channel(std::span<const double> image, std::span<const double> truth,
                             const ImageSize& size, std::int64_t channel) {
    const auto at = [&](std::span<const double> values, std::int64_t row, std::int64_t column) {
        return values[static_cast<std::size_t>((row * size.width + column) * size.channels +
                                               channel)];
    };
    const auto a = [&](std::int64_t row, std::int64_t column) { return at(image, row, column); };
    const auto b = [&](std::int64_t row, std::int64_t column) { return at(truth, row, column); };
    const auto product = [&](const auto& first, const auto& second) {
        return blurred(size, [&](std::int64_t row, std::int64_t column) {
            return first(row, column) * second(row, column);
        });
    };
    const std::vector<double> mean_a = blurred(size, a), mean_b = blurred(size, b),
                              aa = product(a, a), bb = product(b, b), ab = product(a, b);
    double sum = 0;
    for (std::size_t k = 0; k < aa.size(); ++k) {
        const double variance_a = aa[k] - mean_a[k] * mean_a[k],
                     variance_b = bb[k] - mean_b[k] * mean_b[k],
                     covariance = ab[k] - mean_a[k] * mean_b[k];
        sum +=
            (2 * mean_a[k] * mean_b[k] + c1) * (2 * covariance + c2) /
            ((mean_a[k] * mean_a[k] + mean_b[k] * mean_b[k] + c1) * (variance_a + variance_b + c2));
    }
    return sum / static_cast<double>(aa.size());
}

}  // namespace

double grey_level(double value) { return std::round(255 * (std::clamp(value, -1.0, 1.0) + 1) / 2); }

double peak_signal_to_noise(std::span<const double> image, std::span<const double> truth) {
    ELM_CHECK(!image.empty() && image.size() == truth.size(),
              "images of {} and {} values: expected as many of both.", image.size(), truth.size());
    double sum = 0;
    for (std::size_t k = 0; k < image.size(); ++k) {
        sum += (image[k] - truth[k]) * (image[k] - truth[k]);
    }
    if (sum == 0) return std::numeric_limits<double>::infinity();
    return 20 * std::log10(255 / std::sqrt(sum / static_cast<double>(image.size())));
}

double structural_similarity(std::span<const double> image, std::span<const double> truth,
                             const ImageSize& size) {
    ELM_CHECK(std::ssize(image) == size.values() && std::ssize(truth) == size.values() &&
                  size.height >= window_pixels && size.width >= window_pixels,
              "the structural similarity of images of {} and {} values: expected {} x {} pixels of "
              "{} channels, at least 11 x 11.",
              image.size(), truth.size(), size.height, size.width, size.channels);
    double sum = 0;
    for (std::int64_t channel = 0; channel < size.channels; ++channel) {
        sum += similarity_of_channel(image, truth, size, channel);
    }
    return sum / static_cast<double>(size.channels);
}

}  // namespace elm

#include "network/recording/rate_spectrum.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace elm::network {
namespace {

constexpr std::int64_t width = 500;  // bins of 1 ms in a window

/// cos(2 pi k / width) for k = 0 .. width - 1.
std::vector<double> make_cosines() {
    std::vector<double> values;
    for (std::int64_t k = 0; k < width; ++k) {
        values.push_back(std::cos(2 * std::numbers::pi * static_cast<double>(k) / width));
    }
    return values;
}

std::vector<double> counts_of(const SpikeTrainOf& spikes, double from_ms, double to_ms) {
    const auto n_bins = static_cast<std::int64_t>(std::floor(to_ms - from_ms + 1e-9));
    std::vector<double> counts(static_cast<std::size_t>(std::max<std::int64_t>(0, n_bins)));
    for (const double time : spikes.times_ms) {
        // A bin holds its right end, as steps do.
        const auto bin = static_cast<std::int64_t>(std::ceil(time - from_ms - 1e-9)) - 1;
        if (bin >= 0 && bin < n_bins) counts[static_cast<std::size_t>(bin)] += 1;
    }
    return counts;
}

}  // namespace

RateSpectrum rate_spectrum(const SpikeTrainOf& spikes, double from_ms, double to_ms) {
    const std::vector<double> counts = counts_of(spikes, from_ms, to_ms);
    double mean = 0;
    for (const double count : counts) mean += count / static_cast<double>(counts.size());
    if (std::ssize(counts) < width || !(mean > 0)) return {};
    const std::vector<double> cosines = make_cosines();
    const auto cosine = [&](std::int64_t k) {
        return cosines[static_cast<std::size_t>(k % width)];
    };
    // sin x = cos(x - pi / 2).
    static_assert(width % 4 == 0);
    double white = 0;
    std::vector<double> window(static_cast<std::size_t>(width)), values(window.size());
    for (std::int64_t k = 0; k < width; ++k) {
        const double weight = 0.5 - 0.5 * cosine(k);
        window[static_cast<std::size_t>(k)] = weight;
        white += weight * weight * mean;
    }
    RateSpectrum spectrum{1000.0 / width, std::vector<double>(width / 2 + 1)};
    std::int64_t n_windows = 0;
    for (std::int64_t begin = 0; begin + width <= std::ssize(counts); begin += width / 2) {
        ++n_windows;
        for (std::size_t k = 0; k < values.size(); ++k) {
            values[k] = window[k] * (counts[static_cast<std::size_t>(begin) + k] - mean);
        }
        for (std::int64_t f = 0; f <= width / 2; ++f) {
            double real = 0, imaginary = 0;
            std::int64_t angle = 0;
            for (const double value : values) {
                real += value * cosine(angle);
                imaginary += value * cosine(angle + 3 * width / 4);
                angle = (angle + f) % width;
            }
            spectrum.power[static_cast<std::size_t>(f)] +=
                (real * real + imaginary * imaginary) / white;
        }
    }
    for (double& power : spectrum.power) power /= static_cast<double>(n_windows);
    return spectrum;
}

double RateSpectrum::peak_hz() const {
    if (power.size() < 2) return std::numeric_limits<double>::quiet_NaN();
    const auto highest = std::max_element(power.begin() + 1, power.end());
    return resolution_hz * static_cast<double>(highest - power.begin());
}

double RateSpectrum::peak() const {
    if (power.size() < 2) return std::numeric_limits<double>::quiet_NaN();
    return *std::max_element(power.begin() + 1, power.end());
}

}  // namespace elm::network

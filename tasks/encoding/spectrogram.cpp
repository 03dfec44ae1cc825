#include "tasks/encoding/spectrogram.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "encoders/cochlea/fourier.h"

namespace elm {

HeatMap spectrogram(const Signal& sound) {
    constexpr double window_ms = 20, highest_hz = 8000, range_db = 80;
    constexpr std::int64_t most_columns = 700;
    const double rate_hz = 1000 / sound.step_ms;
    const auto window = std::max<std::int64_t>(8, std::llround(window_ms / sound.step_ms));
    const Fourier<double> fourier(Fourier<double>::smooth_length(window));
    const double bin_hz = rate_hz / static_cast<double>(fourier.length());
    HeatMap map;
    map.rows = static_cast<std::int64_t>(std::min(highest_hz, rate_hz / 2) / bin_hz);
    map.columns = std::min(most_columns, std::max<std::int64_t>(1, sound.n_steps * 4 / window));
    map.values.resize(static_cast<std::size_t>(map.rows * map.columns));
    map.x_range = {0, sound.duration_ms() / 1000};
    map.y_range = {0, static_cast<double>(map.rows) * bin_hz};
    const auto size = static_cast<std::size_t>(fourier.length());
    Fourier<double>::Workspace workspace;
    double loudest = 1e-30;
    for (std::int64_t column = 0; column < map.columns; ++column) {
        const std::int64_t centre = sound.n_steps * (2 * column + 1) / (2 * map.columns);
        std::vector<double> real(size), imaginary(size);
        for (std::int64_t k = 0; k < window; ++k) {
            const std::int64_t at = centre - window / 2 + k;
            if (at < 0 || at >= sound.n_steps) continue;
            const double phase =
                2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(window);
            real[static_cast<std::size_t>(k)] = (0.5 - 0.5 * std::cos(phase)) * sound.at(at, 0);
        }
        fourier.transform(real.data(), imaginary.data(), real.data(), imaginary.data(), workspace);
        for (std::int64_t row = 0; row < map.rows; ++row) {
            const auto bin = static_cast<std::size_t>(row);
            const double power = real[bin] * real[bin] + imaginary[bin] * imaginary[bin];
            loudest = std::max(loudest, power);
            map.values[static_cast<std::size_t>(row * map.columns + column)] =
                static_cast<float>(power);
        }
    }
    for (float& value : map.values) {
        const double level = 10 * std::log10(std::max(double{value}, 1e-30) / loudest);
        value = static_cast<float>(std::max(0.0, level + range_db));
    }
    return map;
}

}  // namespace elm

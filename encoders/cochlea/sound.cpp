#include "encoders/cochlea/sound.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "kernels/core/support/check.h"

namespace elm::cochlea {
namespace {

/// The modified Bessel function of order 0.
double bessel_i0(double x) {
    double sum = 1, term = 1;
    for (int k = 1; term > 1e-17 * sum; ++k) {
        term *= x * x / (4.0 * k * k);
        sum += term;
    }
    return sum;
}

double kaiser(double share) {  // -1 .. 1
    constexpr double beta = 9;
    return bessel_i0(beta * std::sqrt(std::max(0.0, 1 - share * share))) / bessel_i0(beta);
}

double sinc(double x) {
    return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}

}  // namespace

std::vector<double> level_and_window(std::span<const float> sound) {
    if (sound.size() < 4) {
        throw Error(ErrorKind::data,
                    fmt::format("a sound of {} samples is too short to hear", sound.size()));
    }
    double square = 0;
    for (const float sample : sound) square += double{sample} * double{sample};
    if (square == 0) throw Error(ErrorKind::data, "the sound is silent: it has no level to set");
    const double gain = published_level / std::sqrt(square / static_cast<double>(sound.size()));
    std::vector<double> clip(sound.begin(), sound.end());
    for (double& sample : clip) sample *= gain;
    const std::size_t half = clip.size() / 2;
    for (std::size_t k = 0; k < half; ++k) {
        const double window = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(k) /
                                                   static_cast<double>(2 * half - 1));
        clip[k] *= window;
        clip[clip.size() - 1 - k] *= window;
    }
    return clip;
}

std::vector<float> resample(std::span<const float> sound, std::int64_t from_hz,
                            std::int64_t to_hz) {
    constexpr double lobes = 32;   // of the sinc on each side
    constexpr double pass = 0.95;  // half of its height; the window's flank is 0.1 wide
    if (from_hz == to_hz) return {sound.begin(), sound.end()};
    const std::int64_t common = std::gcd(from_hz, to_hz);
    const std::int64_t phases = to_hz / common, advance = from_hz / common;
    // Samples of the input that a lobe spans.
    const double width = std::max(1.0, static_cast<double>(from_hz) / static_cast<double>(to_hz));
    const auto reach = static_cast<std::int64_t>(std::ceil(lobes * width));
    const std::int64_t taps = 2 * reach + 1;
    std::vector<double> filter(static_cast<std::size_t>(phases * taps));
    for (std::int64_t phase = 0; phase < phases; ++phase) {
        const double offset = static_cast<double>(phase) / static_cast<double>(phases);
        for (std::int64_t tap = 0; tap < taps; ++tap) {
            const double distance = (static_cast<double>(tap - reach) - offset) / width;
            if (std::abs(distance) > lobes) continue;
            filter[static_cast<std::size_t>(phase * taps + tap)] =
                pass / width * sinc(pass * distance) * kaiser(distance / lobes);
        }
    }
    const std::int64_t length = std::ssize(sound);
    std::vector<float> resampled(static_cast<std::size_t>((length - 1) * phases / advance + 1));
    for (std::int64_t k = 0; k < std::ssize(resampled); ++k) {
        const std::int64_t at = k * advance, centre = at / phases;
        const double* const weights = filter.data() + at % phases * taps;
        double sum = 0;
        for (std::int64_t tap = 0; tap < taps; ++tap) {
            const std::int64_t from = centre + tap - reach;
            if (from >= 0 && from < length) {
                sum += weights[tap] * double{sound[static_cast<std::size_t>(from)]};
            }
        }
        resampled[static_cast<std::size_t>(k)] = static_cast<float>(sum);
    }
    return resampled;
}

}  // namespace elm::cochlea

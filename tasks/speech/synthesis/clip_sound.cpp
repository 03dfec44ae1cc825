#include "tasks/speech/synthesis/clip_sound.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "encoders/cochlea/sound.h"
#include "kernels/core/support/error.h"

namespace elm {
namespace {

constexpr double audible = 0.01;      // of the peak
constexpr double noise_level = 1e-3;  // of the peak: -60 dB
constexpr double edge_s = 5e-3;
// Rates are multiples of this, so that 48 kHz is a ratio of small numbers.
constexpr std::int64_t rate_unit_hz = 150;

std::int64_t samples_of(double seconds) {
    return std::llround(seconds * static_cast<double>(clip_rate_hz));
}

double between(SampleRandom& random, double low, double high) {
    return low + (high - low) * random.uniform();
}

/// Uniform noise of this root mean square.
void add_noise(std::vector<float>& samples, double level, std::uint64_t seed) {
    SampleRandom random(seed, 0, "noise of a clip");
    const double reach = level * std::numbers::sqrt3;
    for (float& sample : samples) {
        sample += static_cast<float>(between(random, -reach, reach));
    }
}

void round_edges(std::vector<float>& samples) {
    const std::int64_t edge = std::min(samples_of(edge_s), std::ssize(samples) / 2);
    for (std::int64_t k = 0; k < edge; ++k) {
        const double share = (static_cast<double>(k) + 0.5) / static_cast<double>(edge);
        const auto factor = static_cast<float>(0.5 - 0.5 * std::cos(std::numbers::pi * share));
        samples[static_cast<std::size_t>(k)] *= factor;
        samples[samples.size() - 1 - static_cast<std::size_t>(k)] *= factor;
    }
}

}  // namespace

ClipDraw ClipDraw::draw(SampleRandom& random, std::int64_t rate_hz) {
    const double stretched = static_cast<double>(rate_hz) * between(random, 0.96, 1.04);
    ClipDraw draw;
    draw.stretched_rate_hz =
        std::llround(stretched / static_cast<double>(rate_unit_hz)) * rate_unit_hz;
    draw.gain = std::pow(10, between(random, -6, 0) / 20);
    draw.lead_s = between(random, 0.02, 0.06);
    draw.tail_s = between(random, 0.02, 0.06);
    draw.noise_seed = random.word();
    return draw;
}

Sound shape_clip(const Sound& word, const ClipDraw& draw) {
    const std::vector<float> sound =
        cochlea::resample(word.samples, draw.stretched_rate_hz, clip_rate_hz);
    double peak = 0;
    for (const float sample : sound) peak = std::max(peak, std::abs(double{sample}));
    const auto is_heard = [&](float sample) { return std::abs(double{sample}) > audible * peak; };
    const auto first = std::find_if(sound.begin(), sound.end(), is_heard);
    if (first == sound.end()) throw Error(ErrorKind::data, "a word that is silent.");
    const auto last = std::find_if(sound.rbegin(), sound.rend(), is_heard).base();
    const std::int64_t lead = samples_of(draw.lead_s), tail = samples_of(draw.tail_s);
    Sound clip{.rate_hz = clip_rate_hz};
    clip.samples.resize(static_cast<std::size_t>(lead + (last - first) + tail));
    // What the synthesiser has around the word is kept as far as it goes.
    const std::int64_t offset = (first - sound.begin()) - lead;
    for (std::int64_t k = 0; k < std::ssize(clip.samples); ++k) {
        const std::int64_t from = k + offset;
        if (from < 0 || from >= std::ssize(sound)) continue;
        clip.samples[static_cast<std::size_t>(k)] =
            static_cast<float>(draw.gain) * sound[static_cast<std::size_t>(from)];
    }
    add_noise(clip.samples, noise_level * peak * draw.gain, draw.noise_seed);
    round_edges(clip.samples);
    return clip;
}

}  // namespace elm

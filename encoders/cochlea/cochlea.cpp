// Sound to spikes as in the Spiking Heidelberg Digits: level and window, basilar membrane, hair
// cells, release sites, bushy cells; see encoders/cochlea/. Unit 0 is the base of the cochlea
// (22 kHz), the last one the apex (100 Hz).
//
// Sounds of other rates are brought to 48 kHz, the rate of the published recordings. Without
// `exact_length` a clip is followed by silence up to a length whose transform is fast; that moves
// times by less than a step over the whole clip.

#include <algorithm>
#include <cmath>
#include <list>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>

#include "encoders/cochlea/auditory_nerve.h"
#include "encoders/cochlea/sound.h"
#include "encoders/encoder.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

using cochlea::BasilarMembrane;

constexpr std::int64_t published_rate_hz = 48000;
constexpr double lowest_rate_hz = 18200;  // below, the Euler steps of the hair cell are unstable

/// The next length whose transform is fast, of four in an octave: clips of a corpus share them.
std::int64_t shared_length(std::int64_t least) {
    constexpr std::int64_t eighth = 256;
    std::int64_t octave = 1;
    while (16 * octave * eighth < least) octave *= 2;
    for (const std::int64_t eighths : {8, 10, 12, 15}) {
        if (eighths * octave * eighth >= least) return eighths * octave * eighth;
    }
    return 16 * octave * eighth;
}

/// The filters of a length take longer than a clip: those used last are kept.
std::shared_ptr<const BasilarMembrane> membrane_of(std::int64_t n_samples, double rate_hz,
                                                   std::int64_t n_channels) {
    constexpr std::size_t most = 8;
    struct Kept {
        std::mutex mutex;
        std::list<std::pair<std::tuple<std::int64_t, double, std::int64_t>,
                            std::shared_ptr<const BasilarMembrane>>>
            membranes;  // the last used in front
    };
    static Kept kept;
    const std::lock_guard lock(kept.mutex);
    const std::tuple key{n_samples, rate_hz, n_channels};
    auto& all = kept.membranes;
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.first == key; });
    if (found != all.end()) {
        all.splice(all.begin(), all, found);
        return found->second;
    }
    if (all.size() == most) all.pop_back();
    all.emplace_front(key, std::make_shared<const BasilarMembrane>(n_samples, rate_hz, n_channels));
    return all.front().second;
}

Encoding encode_sound(const OptionSet& options, const Signal& signal, const RandomKey& key) {
    const double rate = 1000 / signal.step_ms, whole_rate = std::round(rate);
    if (std::abs(rate - whole_rate) > 1e-6 * rate || rate < 1000 || rate > 1e6) {
        throw Error(ErrorKind::data,
                    fmt::format("a sample rate of {:g} Hz, expected a whole number from 1000 to "
                                "1000000: is it a sound?",
                                rate));
    }
    auto rate_hz = static_cast<std::int64_t>(whole_rate);
    std::vector<float> sound = signal.values;
    if (options.get<bool>("resample")) {
        sound = cochlea::resample(sound, rate_hz, published_rate_hz);
        rate_hz = published_rate_hz;
    }
    ELM_CHECK(static_cast<double>(rate_hz) >= lowest_rate_hz,
              "a sample rate of {} Hz, but the hair cells need at least {:g} Hz: set resample",
              rate_hz, lowest_rate_hz);
    std::vector<double> clip = cochlea::level_and_window(sound);
    const std::int64_t n_steps = std::ssize(clip) / 2 + 1;
    ELM_CHECK(n_steps < std::int64_t{1} << 24, "a sound of {} samples is too long: cut it",
              clip.size());
    if (!options.get<bool>("exact_length")) {
        const std::int64_t longer = shared_length((std::ssize(clip) + 1) / 2 + 1);
        clip.resize(2 * static_cast<std::size_t>(longer - 1));
    }
    const auto membrane = membrane_of(std::ssize(clip), static_cast<double>(rate_hz),
                                      options.get<std::int64_t>("channels"));
    return {.n_steps = n_steps,
            .n_units = membrane->n_channels(),
            .step_ms = 1000 / membrane->output_rate_hz(),
            .spikes = cochlea::hear(*membrane, clip, n_steps, key)};
}

OptionSet cochlea_options() {
    OptionSet options;
    options.declare({.name = "channels",
                     .value = std::int64_t{700},
                     .help = "places from base to apex, a unit each",
                     .lowest = 2,
                     .highest = 100000});
    options.declare(
        {.name = "resample", .value = true, .help = "bring sounds of other rates to 48 kHz"});
    options.declare({.name = "exact_length",
                     .value = false,
                     .help = "transform the clip as long as it is, as published; slow"});
    return options;
}

}  // namespace

EncoderEntry cochlea_encoder() {
    return {.name = "cochlea",
            .summary = "bushy cells along a cochlea that hears the sound (SHD)",
            .source = "Cramer et al. 2020, doi:10.1109/TNNLS.2020.3044364",
            .options = cochlea_options(),
            .reads = SignalKind::sound,
            .along_time = true,
            .encode = encode_sound};
}

}  // namespace elm

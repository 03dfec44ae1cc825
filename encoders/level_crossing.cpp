// Send on delta: a reference r, from 0 on, follows the signal by whole thresholds,
//   while x_t - r >= threshold:  ON, unit 2c,       r += threshold
//   while r - x_t >= threshold:  OFF, unit 2c + 1,  r -= threshold
// so that |x_t - r| < threshold after every step. Several spikes of a step are counts; with
// `most_spikes` there are at most so many a step, and the error is bounded where that is enough.
// Decoded by r = threshold (ON - OFF so far).
// Source: Miskowicz 2006, doi:10.3390/s6010049.

#include <cmath>

#include "encoders/encoder.h"

namespace elm {
namespace {

Encoding encode_crossings(const OptionSet& options, const Signal& signal, const RandomKey&) {
    const auto threshold = options.get<double>("threshold");
    const auto most = options.get<std::int64_t>("most_spikes");
    Encoding encoding = empty_encoding_like(signal, 2);
    std::vector<std::int64_t> levels(static_cast<std::size_t>(signal.n_channels));
    for_each_value(signal, [&](std::int64_t step, std::int64_t channel, float x) {
        std::int64_t& level = levels[static_cast<std::size_t>(channel)];
        const auto on = static_cast<std::int32_t>(2 * channel);
        const auto difference = [&] { return double{x} - static_cast<double>(level) * threshold; };
        std::int64_t sent = 0;
        for (; difference() >= threshold && (most == 0 || sent < most); ++sent, ++level) {
            encoding.spikes.push_back({step, on});
        }
        for (; - difference() >= threshold && (most == 0 || sent < most); ++sent, --level) {
            encoding.spikes.push_back({step, on + 1});
        }
    });
    return encoding;
}

Signal decode_crossings(const OptionSet& options, const Encoding& encoding, double value_ms) {
    const auto threshold = options.get<double>("threshold");
    Signal signal = empty_signal(encoding, value_ms, 1, 2);
    std::vector<std::int64_t> levels(static_cast<std::size_t>(signal.n_channels));
    auto spike = encoding.spikes.begin();
    for (std::int64_t step = 0; step < signal.n_steps; ++step) {
        for (; spike != encoding.spikes.end() && spike->step == step; ++spike) {
            levels[static_cast<std::size_t>(spike->unit / 2)] += spike->unit % 2 == 0 ? 1 : -1;
        }
        for (std::size_t channel = 0; channel < levels.size(); ++channel) {
            signal.values[static_cast<std::size_t>(step) * levels.size() + channel] =
                static_cast<float>(static_cast<double>(levels[channel]) * threshold);
        }
    }
    return signal;
}

OptionSet crossing_options() {
    OptionSet options;
    options.declare({.name = "threshold",
                     .value = 0.1,
                     .help = "distance of neighbouring levels",
                     .lowest = 1e-6});
    options.declare({.name = "most_spikes",
                     .value = std::int64_t{0},
                     .help = "spikes of a channel in a step; 0: any number",
                     .lowest = 0});
    return options;
}

}  // namespace

EncoderEntry level_crossing_encoder() {
    return {.name = "level-crossing",
            .summary = "an ON or OFF spike for each level that is crossed (send on delta)",
            .source = "Miskowicz 2006, doi:10.3390/s6010049",
            .options = crossing_options(),
            .range = {-1e6, 1e6},
            .along_time = true,
            .encode = encode_crossings,
            .decode = decode_crossings};
}

}  // namespace elm

// Send on delta: a reference r, from 0 on, follows the signal by whole thresholds,
//   while x_t - r >= threshold:  ON, unit 2c,       r += threshold
//   while r - x_t >= threshold:  OFF, unit 2c + 1,  r -= threshold
// so that |x_t - r| < threshold after every step. Several spikes of a step are counts; with
// `most_spikes` there are at most so many a step, and the error is bounded where that is enough.
// Decoded by r = threshold (ON - OFF so far).
// Source: Miskowicz 2006, doi:10.3390/s6010049.

#include <algorithm>

#include "encoders/change/level_crossing_body.h"
#include "encoders/law/encode_by_law.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

/// Spikes of a signal: more of them are a threshold that does not go with its values.
constexpr double most_spikes_of_a_signal = 1e8;

LevelCrossingLaw crossings_of(const OptionSet& options) {
    return {.threshold = options.get<double>("threshold"),
            .most_spikes = options.get<std::int64_t>("most_spikes")};
}

Encoding encode_crossings(const OptionSet& options, const Signal& signal, const RandomKey&) {
    const LevelCrossingLaw law = crossings_of(options);
    Encoding encoding = empty_encoding(options, signal, law.steps_each, law.units_each);
    apply_law(law, signal, [&](std::int64_t step, std::int64_t channel) {
        const SpikeList list{&encoding.spikes, step, channel * law.units_each};
        return [&, list, step, channel](std::int64_t, std::int64_t unit, std::int64_t count) {
            const auto spikes = static_cast<double>(encoding.spikes.size());
            if (spikes + static_cast<double>(count) > most_spikes_of_a_signal) {
                throw Error(ErrorKind::data,
                            fmt::format("the value of step {}, channel {} is {} and has {} spikes "
                                        "for levels of {:g}: more than {:.0e} spikes of one "
                                        "signal. Choose a larger threshold, or limit most_spikes.",
                                        step, channel, signal.at(step, channel), count,
                                        law.threshold, most_spikes_of_a_signal));
            }
            list(0, unit, count);
        };
    });
    return encoding;
}

/// Values between which no way crosses too many levels, or more than a float counts; of others the
/// CPU counts the spikes.
std::optional<Tensor> encode_batch_of_crossings(Stream& stream, const OptionSet& options,
                                                const SignalBatch& batch) {
    const LevelCrossingLaw law = crossings_of(options);
    const Shape& shape = batch.values.shape();
    const auto values = static_cast<double>(std::max<std::int64_t>(1, shape[1] * shape[2]));
    constexpr double most_of_a_float = 1 << 24;
    const double most_each = std::min(most_spikes_of_a_signal / values, most_of_a_float);
    const auto most = static_cast<double>(law.most_spikes);
    if (most == 0 || most > most_each) {
        const auto largest = static_cast<float>((most_each - 1) / 2 * law.threshold);
        if (any_refused(stream, RangeCheck{-largest, largest}, batch)) return std::nullopt;
    }
    return encode_batch_with(stream, law, batch);
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
            .encode_batch = encode_batch_of_crossings,
            .decode = decode_crossings};
}

}  // namespace elm

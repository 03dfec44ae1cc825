// Crossings of n = (units - 1) / 2 grey levels between neighbouring values, x in [0, 1] with 255
// steps, and a unit that is active while x = 1:
//   level_k = trunc(254 k / (n - 1)) / 255,   k = 0 .. n - 1
//   ON_k:   x_t < level_k <= x_(t+1)  at step t, unit units - k (k = 0 never occurs)
//   OFF_k:  x_(t+1) < level_k <= x_t  at step t, unit n + 1 - k
//   touch:  x_t = 1, unit 0
// Each spike is repeated `repeat` times, and a value lasts as many steps.
// Source: S-MNIST as tonic makes it.

#include <cmath>

#include "encoders/encoder.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

Encoding encode_by_thresholds(const OptionSet& options, const Signal& signal, const RandomKey&) {
    const auto units = options.get<std::int64_t>("units");
    ELM_CHECK(units % 2 == 1, "units {}: expected an odd number", units);
    const std::int64_t n = (units - 1) / 2;
    std::vector<float> levels;
    for (std::int64_t k = 0; k < n; ++k) {
        const double grey = 254.0 * static_cast<double>(k) / static_cast<double>(n - 1);
        levels.push_back(static_cast<float>(std::trunc(grey)) / 255.0F);
    }
    const auto repeat = options.get<std::int64_t>("repeat");
    Encoding encoding = empty_encoding_like(signal, units, repeat);
    for_each_value(signal, [&](std::int64_t step, std::int64_t channel, float x) {
        const auto add = [&](std::int64_t unit) {
            for (std::int64_t k = 0; k < repeat; ++k) {
                encoding.spikes.push_back(
                    {step * repeat + k, static_cast<std::int32_t>(channel * units + unit)});
            }
        };
        if (x == 1) add(0);
        if (step + 1 == signal.n_steps) return;
        const float next = signal.at(step + 1, channel);
        for (std::int64_t k = 0; k < n; ++k) {
            const float level = levels[static_cast<std::size_t>(k)];
            if (x < level && level <= next) add(units - k);
            if (next < level && level <= x) add(n + 1 - k);
        }
    });
    return encoding;
}

OptionSet bank_options() {
    OptionSet options;
    options.declare({.name = "units",
                     .value = std::int64_t{99},
                     .help = "an ON and an OFF unit a level, and one for the largest value: odd",
                     .lowest = 5,
                     .highest = 511});
    options.declare({.name = "repeat",
                     .value = std::int64_t{2},
                     .help = "steps of a value, each with all its spikes",
                     .lowest = 1,
                     .highest = 1000});
    return options;
}

}  // namespace

EncoderEntry threshold_bank_encoder() {
    return {.name = "threshold-bank",
            .summary = "an ON and an OFF unit a grey level that is crossed (spiking MNIST)",
            .source = "S-MNIST of tonic",
            .options = bank_options(),
            .range = {0, 1},
            .along_time = true,
            .looks_ahead = true,
            .encode = encode_by_thresholds};
}

}  // namespace elm

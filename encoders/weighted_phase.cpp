// Binary digits of a value over K phases: a spike in phase k = 0 .. K - 1 of a period stands for
// 2^-(k + 1), and x in [0, 1] is cut to K bits, at most 1 - 2^-K. Periods follow each other as long
// as a value lasts.
// Source: Kim, Kim, Huh, Lee & Choi 2018, doi:10.1016/j.neucom.2018.05.087.

#include <algorithm>
#include <cmath>

#include "encoders/encoder.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

struct Phases {
    std::int64_t bits, each;

    Phases(const OptionSet& options, double value_ms)
        : bits(options.get<std::int64_t>("bits")), each(steps_per_value(options, value_ms, bits)) {
        ELM_CHECK(each % bits == 0, "a value lasts {} steps, which is no multiple of {} bits", each,
                  bits);
    }
};

Encoding encode_phases(const OptionSet& options, const Signal& signal, const RandomKey&) {
    const Phases phases(options, signal.step_ms);
    const std::int64_t bits = phases.bits, each = phases.each;
    const double scale = std::exp2(static_cast<double>(bits));
    Encoding encoding = empty_encoding(options, signal, each, 1);
    for_each_value(signal, [&](std::int64_t step, std::int64_t channel, float x) {
        const auto digits =
            static_cast<std::int64_t>(std::min(std::floor(double{x} * scale), scale - 1));
        for (std::int64_t at = 0; at < each; ++at) {
            if ((digits >> (bits - 1 - at % bits) & 1) == 0) continue;
            encoding.spikes.push_back({step * each + at, static_cast<std::int32_t>(channel)});
        }
    });
    return encoding;
}

/// Of the first period.
Signal decode_phases(const OptionSet& options, const Encoding& encoding, double value_ms) {
    const auto [bits, each] = Phases(options, value_ms);
    Signal signal = empty_signal(encoding, value_ms, each, 1);
    for (const SpikeEvent& spike : encoding.spikes) {
        const std::int64_t phase = spike.step % each;
        if (phase >= bits) continue;
        signal
            .values[static_cast<std::size_t>(spike.step / each * signal.n_channels + spike.unit)] +=
            std::exp2(-static_cast<float>(phase + 1));
    }
    return signal;
}

OptionSet phase_options() {
    OptionSet options;
    options.declare({.name = "bits",
                     .value = std::int64_t{8},
                     .help = "phases of a period",
                     .lowest = 1,
                     .highest = 24});
    declare_step(options);
    return options;
}

}  // namespace

EncoderEntry weighted_phase_encoder() {
    return {.name = "weighted-phase",
            .summary = "binary digits of a value, largest first, one phase each",
            .source = "Kim et al. 2018, doi:10.1016/j.neucom.2018.05.087",
            .options = phase_options(),
            .range = {0, 1},
            .encode = encode_phases,
            .decode = decode_phases};
}

}  // namespace elm

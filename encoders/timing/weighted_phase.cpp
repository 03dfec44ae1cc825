// Binary digits of a value over K phases: a spike in phase k = 0 .. K - 1 of a period stands for
// 2^-(k + 1), and x in [0, 1] is cut to K bits, at most 1 - 2^-K. Periods follow each other as long
// as a value lasts.
// Source: Kim, Kim, Huh, Lee & Choi 2018, doi:10.1016/j.neucom.2018.05.087.

#include <cmath>

#include "encoders/timing/binary_phases.h"

namespace elm {
namespace {

/// Of the first period.
Signal decode_phases(const OptionSet& options, const Encoding& encoding, double value_ms) {
    const auto law = binary_phases_law<LevelOfValue>(options, value_ms);
    const std::int64_t each = law.steps_each;
    Signal signal = empty_signal(encoding, value_ms, each, 1);
    for (const SpikeEvent& spike : encoding.spikes) {
        const std::int64_t phase = spike.step % each;
        if (phase >= law.bits) continue;
        signal
            .values[static_cast<std::size_t>(spike.step / each * signal.n_channels + spike.unit)] +=
            std::exp2(-static_cast<float>(phase + 1));
    }
    return signal;
}

}  // namespace

EncoderEntry weighted_phase_encoder() {
    return {.name = "weighted-phase",
            .summary = "binary digits of a value, largest first, one phase each",
            .source = "Kim et al. 2018, doi:10.1016/j.neucom.2018.05.087",
            .options = binary_phases_options(),
            .range = {0, 1},
            .encode = encode_by<&binary_phases_law<LevelOfValue>>,
            .encode_batch = encode_batch_by<&binary_phases_law<LevelOfValue>>,
            .decode = decode_phases};
}

}  // namespace elm

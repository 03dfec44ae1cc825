// Rate coding of values of both signs, x in [-1, 1]:
//   P(spike in a step) = |rate_hz x + spontaneous_hz| step_ms / 1000
// of unit 2c (ON) for x >= 0 and of unit 2c + 1 (OFF) for x < 0.

#include "encoders/rate/rates.h"

namespace elm {

EncoderEntry signed_poisson_encoder() {
    return {.name = "signed-poisson",
            .summary = "poisson of the absolute value, by an ON and an OFF unit a channel",
            .source = "signed_poisson_encode of Norse",
            .options = rate_options(),
            .range = {-1, 1},
            .encode = [](const OptionSet& options, const Signal& signal,
                         const RandomKey& key) { return draw_rates(options, signal, key, true); },
            .encode_batch = [](Stream& stream, const OptionSet& options, const SignalBatch& batch)
                -> std::optional<Tensor> { return draw_rates(stream, options, batch, true); }};
}

}  // namespace elm

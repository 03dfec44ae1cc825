// Rate coding by a Bernoulli draw in each step, the usual discrete form of a Poisson process:
//   P(spike in a step) = (rate_hz x + spontaneous_hz) step_ms / 1000
// x in [0, 1]. With rate_hz = 1000 / step_ms the probability is x itself.

#include "encoders/rate/rates.h"

namespace elm {

EncoderEntry poisson_encoder() {
    return {.name = "poisson",
            .summary = "spikes at random, at a rate proportional to the value",
            .source = "Bernoulli form of a Poisson process, as in snnTorch, SpikingJelly and Norse",
            .options = rate_options(),
            .range = {0, 1},
            .encode = [](const OptionSet& options, const Signal& signal,
                         const RandomKey& key) { return draw_rates(options, signal, key, false); },
            .encode_batch = [](Stream& stream, const OptionSet& options, const SignalBatch& batch)
                -> std::optional<Tensor> { return draw_rates(stream, options, batch, false); }};
}

}  // namespace elm

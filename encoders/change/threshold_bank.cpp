// Crossings of n = (units - 1) / 2 grey levels between neighbouring values, x in [0, 1] with 255
// steps, and a unit that is active while x = 1:
//   level_k = trunc(254 k / (n - 1)) / 255,   k = 0 .. n - 1
//   ON_k:   x_t < level_k <= x_(t+1)  at step t, unit units - k (k = 0 never occurs)
//   OFF_k:  x_(t+1) < level_k <= x_t  at step t, unit n + 1 - k
//   touch:  x_t = 1, unit 0
// Each spike is repeated `repeat` times, and a value lasts as many steps.
// Source: S-MNIST as tonic makes it.

#include <cmath>

#include "encoders/change/threshold_bank_body.h"
#include "encoders/law/encode_by_law.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

ThresholdBankLaw bank_of(const OptionSet& options, double /*value_ms*/) {
    ThresholdBankLaw law{.steps_each = options.get<std::int64_t>("repeat"),
                         .units_each = options.get<std::int64_t>("units")};
    ELM_CHECK(law.units_each % 2 == 1, "units {}: expected an odd number", law.units_each);
    const std::int64_t n = (law.units_each - 1) / 2;
    for (std::int64_t k = 0; k < n; ++k) {
        const double grey = 254.0 * static_cast<double>(k) / static_cast<double>(n - 1);
        law.levels[k] = static_cast<float>(std::trunc(grey)) / 255.0F;
    }
    return law;
}

OptionSet bank_options() {
    OptionSet options;
    options.declare({.name = "units",
                     .value = std::int64_t{99},
                     .help = "an ON and an OFF unit a level, and one for the largest value: odd",
                     .lowest = 5,
                     .highest = ThresholdBankLaw::most_units});
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
            .encode = encode_by<&bank_of>,
            .encode_batch = encode_batch_by<&bank_of>};
}

}  // namespace elm

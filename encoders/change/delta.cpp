// Temporal contrast: a spike where a value differs from the one before it by the threshold or more.
//   ON, unit 2c:       x_t - x_(t-1) >= threshold
//   OFF, unit 2c + 1:  x_t - x_(t-1) <= -threshold
// The first value is compared with 0, or with itself (`from_first`).

#include "encoders/change/delta_body.h"
#include "encoders/law/encode_by_law.h"

namespace elm {
namespace {

DeltaLaw changes_of(const OptionSet& options, double /*value_ms*/) {
    return {.threshold = static_cast<float>(options.get<double>("threshold")),
            .from_first = options.get<bool>("from_first")};
}

OptionSet change_options() {
    OptionSet options;
    options.declare({.name = "threshold",
                     .value = 0.1,
                     .help = "smallest change that has a spike",
                     .lowest = 1e-9});
    options.declare({.name = "from_first",
                     .value = false,
                     .help = "the first value is no change; else it is one from 0"});
    return options;
}

}  // namespace

EncoderEntry delta_encoder() {
    return {.name = "delta",
            .summary = "an ON or OFF spike where a value changes by the threshold",
            .source = "delta modulation of snnTorch",
            .options = change_options(),
            .along_time = true,
            .encode = encode_by<&changes_of>,
            .encode_batch = encode_batch_by<&changes_of>};
}

}  // namespace elm

// Each value for `times` steps of the length of one value: time is stretched, so that time
// constants in ms keep their meaning. Real numbers and no spikes.

#include "encoders/direct/hold_body.h"
#include "encoders/law/encode_by_law.h"

namespace elm {
namespace {

HoldLaw held(const OptionSet& options, double /*value_ms*/) {
    return {.steps_each = options.get<std::int64_t>("times")};
}

/// On steps as long as a value was.
Encoding encode_held(const OptionSet& options, const Signal& signal, const RandomKey& /*key*/) {
    Encoding encoding = encode_with(held(options, signal.step_ms), options, signal);
    encoding.step_ms = signal.step_ms;
    return encoding;
}

OptionSet hold_options() {
    OptionSet options;
    options.declare({.name = "times",
                     .value = std::int64_t{1},
                     .help = "steps of each value",
                     .lowest = 1,
                     .highest = 1e6});
    return options;
}

}  // namespace

EncoderEntry hold_encoder() {
    return {.name = "hold",
            .summary = "the values themselves, each for some steps, and no spikes",
            .source = "sample and hold",
            .options = hold_options(),
            .along_time = true,
            .encode = encode_held,
            .encode_batch = encode_batch_by<&held>};
}

}  // namespace elm

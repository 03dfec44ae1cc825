// A current that is injected as long as a value lasts: I = gain_nA x, real numbers and no spikes.

#include "encoders/direct/current_body.h"
#include "encoders/law/encode_by_law.h"

namespace elm {
namespace {

CurrentLaw current_of(const OptionSet& options, double value_ms) {
    return {.steps_each = steps_per_value(options, value_ms),
            .gain = static_cast<float>(options.get<double>("gain_nA"))};
}

OptionSet current_options() {
    OptionSet options;
    options.declare(
        {.name = "gain_nA", .value = 1.0, .help = "current of a value of 1", .unit = "nA"});
    declare_step(options);
    return options;
}

}  // namespace

EncoderEntry current_encoder() {
    return {.name = "current",
            .summary = "a current proportional to the value, and no spikes",
            .source = "current injection",
            .options = current_options(),
            .encode = encode_by<&current_of>,
            .encode_batch = encode_batch_by<&current_of>};
}

}  // namespace elm

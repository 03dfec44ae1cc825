// One spike a value at the first step i of T with
//   i / (T - 1) >= tau ln(1 / x),   at most T - 1, that of x = 0,   x in [0, 1]
// which is when an exponentially falling threshold e^(-i / (tau (T - 1))) meets the value.

#include "encoders/law/encode_by_law.h"
#include "encoders/timing/time_to_first_spike_body.h"

namespace elm {
namespace {

FirstSpikeLaw first_spikes_of(const OptionSet& options, double value_ms) {
    return {.steps_each = steps_per_value(options, value_ms), .tau = options.get<double>("tau")};
}

OptionSet first_spike_options() {
    OptionSet options;
    options.declare({.name = "tau",
                     .value = 0.1,
                     .help = "time constant of the threshold, as a share of how long a value lasts",
                     .lowest = 0});
    declare_step(options);
    return options;
}

}  // namespace

EncoderEntry time_to_first_spike_encoder() {
    return {.name = "time-to-first-spike",
            .summary = "one spike a value, when a falling threshold meets it",
            .source = "time to first spike of spikify",
            .options = first_spike_options(),
            .range = {0, 1},
            .by_time = true,
            .encode = encode_by<&first_spikes_of>,
            .encode_batch = encode_batch_by<&first_spikes_of>};
}

}  // namespace elm

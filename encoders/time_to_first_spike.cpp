// One spike a value at the first step i of T with
//   i / (T - 1) >= tau ln(1 / x),   at most T - 1,   x in [0, 1]
// which is when an exponentially falling threshold e^(-i / (tau (T - 1))) meets the value.

#include <algorithm>
#include <cmath>

#include "encoders/encoder.h"

namespace elm {
namespace {

Encoding encode_first_spikes(const OptionSet& options, const Signal& signal, const RandomKey&) {
    const std::int64_t each = steps_per_value(options, signal.step_ms);
    const auto last = static_cast<double>(each - 1);
    Encoding encoding = empty_encoding(options, signal, each, 1);
    for_each_value(signal, [&](std::int64_t step, std::int64_t channel, float x) {
        const double late = std::ceil(options.get<double>("tau") * -std::log(double{x}) * last);
        encoding.spikes.push_back({step * each + static_cast<std::int64_t>(std::min(late, last)),
                                   static_cast<std::int32_t>(channel)});
    });
    return encoding;
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
            .encode = encode_first_spikes};
}

}  // namespace elm

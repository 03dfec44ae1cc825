// A leaky integrate-and-fire neuron a channel, driven by the value as long as it lasts:
//   v += step_ms / tau_ms (gain x - v);   v > 1: spike, v = 0
// from v = 0 at the beginning of each value. With `first_only` the first spike of a value alone.

#include "encoders/encoder.h"

namespace elm {
namespace {

Encoding encode_by_neurons(const OptionSet& options, const Signal& signal, const RandomKey&) {
    const std::int64_t each = steps_per_value(options, signal.step_ms);
    const auto gain = static_cast<float>(options.get<double>("gain"));
    const auto rate =
        static_cast<float>(options.get<double>("step_ms") / options.get<double>("tau_ms"));
    const bool first_only = options.get<bool>("first_only");
    Encoding encoding = empty_encoding(options, signal, each, 1);
    for_each_value(signal, [&](std::int64_t step, std::int64_t channel, float x) {
        float v = 0;
        for (std::int64_t at = 0; at < each; ++at) {
            v += rate * (gain * x - v);
            if (v <= 1) continue;
            v = 0;
            encoding.spikes.push_back({step * each + at, static_cast<std::int32_t>(channel)});
            if (first_only) break;
        }
    });
    return encoding;
}

OptionSet neuron_options() {
    OptionSet options;
    options.declare({.name = "gain",
                     .value = 2.0,
                     .help = "steady potential of a value of 1, in units of the threshold"});
    options.declare({.name = "tau_ms",
                     .value = 10.0,
                     .help = "membrane time constant",
                     .unit = "ms",
                     .lowest = 1e-3});
    options.declare(
        {.name = "first_only", .value = false, .help = "only the first spike of each value"});
    declare_step(options);
    return options;
}

}  // namespace

EncoderEntry integrate_and_fire_encoder() {
    return {.name = "integrate-and-fire",
            .summary = "spikes of a leaky integrate-and-fire neuron driven by the value",
            .source = "constant_current_lif_encode and spike_latency_lif_encode of Norse",
            .options = neuron_options(),
            .encode = encode_by_neurons};
}

}  // namespace elm

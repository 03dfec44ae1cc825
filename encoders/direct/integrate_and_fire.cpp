// A leaky integrate-and-fire neuron a channel, driven by the value as long as it lasts:
//   v += step_ms / tau_ms (gain x - v);   v > 1: spike, v = 0
// from v = 0 at the beginning of each value. With `first_only` the first spike of a value alone.

#include "encoders/direct/integrate_and_fire_body.h"
#include "encoders/law/encode_by_law.h"

namespace elm {
namespace {

IntegrateAndFireLaw neurons_of(const OptionSet& options, double value_ms) {
    return {
        .steps_each = steps_per_value(options, value_ms),
        .gain = static_cast<float>(options.get<double>("gain")),
        .rate = static_cast<float>(options.get<double>("step_ms") / options.get<double>("tau_ms")),
        .first_only = options.get<bool>("first_only")};
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
            .encode = encode_by<&neurons_of>,
            .encode_batch = encode_batch_by<&neurons_of>};
}

}  // namespace elm

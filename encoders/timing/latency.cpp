// One spike a value, the earlier the larger it is. x in [0, 1]; T steps that a value lasts, of
// which the spike takes number round(onset + t), halves to even:
//   linear  t = tau (1 - x),                          x at least the threshold
//   rc      t = tau ln(x / (x - threshold)),          x at least threshold + 1e-7: the time that a
//           capacitor charged by x through a resistor takes to reach the threshold
//   log     t = T - 1 - ln(a x + 1),  a = e^(T - 1) - 1
// tau_ms = 0 stretches the curve: linear reaches x = 0, rc the threshold, in the last step.
// Computed in float32, whose rounding decides ties as it does in the sources.

#include <algorithm>
#include <cmath>

#include "encoders/law/encode_by_law.h"
#include "encoders/timing/latency_body.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

LatencyLaw latency_of(const OptionSet& options, double value_ms) {
    const auto step_ms = options.get<double>("step_ms");
    const auto& curve = options.get<std::string>("curve");
    LatencyLaw law{.steps_each = steps_per_value(options, value_ms),
                   .curve = curve == "rc"    ? LatencyLaw::Curve::rc
                            : curve == "log" ? LatencyLaw::Curve::log
                                             : LatencyLaw::Curve::linear,
                   .silent_below = options.get<bool>("silent_below"),
                   .threshold = static_cast<float>(options.get<double>("threshold")),
                   .tau = static_cast<float>(options.get<double>("tau_ms") / step_ms),
                   .onset = static_cast<float>(options.get<double>("onset_ms") / step_ms)};
    law.last = static_cast<float>(law.steps_each - 1);
    law.vanishing = std::exp(-double{law.last});
    ELM_CHECK(law.onset <= law.last,
              "onset_ms {:g} is after the last step of a value, which lasts {:g} ms",
              options.get<double>("onset_ms"), value_ms);
    if (law.tau == 0) {
        const float longest = law.last - law.onset;
        const bool charges = law.curve == LatencyLaw::Curve::rc;
        law.tau = charges ? longest / law.charging(law.smallest()) : longest;
    }
    // Only the latest time depends on the options alone.
    const float latest = law.time_of(0);
    ELM_CHECK(latest <= law.last,
              "the smallest value has its spike {:g} ms late, but a value lasts {:g} ms: choose "
              "a shorter tau_ms, or 0, or let values last longer",
              latest * step_ms, value_ms);
    return law;
}

/// The value whose spike comes so many steps after the onset.
float value_of(const LatencyLaw& law, float steps) {
    if (law.curve == LatencyLaw::Curve::log) {
        const float vanishing = std::exp(-law.last);
        return (std::exp(-steps) - vanishing) / (1 - vanishing);
    }
    if (law.curve == LatencyLaw::Curve::rc) {
        return std::min(1.0F, law.threshold / (1 - std::exp(-steps / law.tau)));
    }
    return law.tau == 0 ? 1 : 1 - steps / law.tau;
}

Signal decode_latency(const OptionSet& options, const Encoding& encoding, double value_ms) {
    const LatencyLaw law = latency_of(options, value_ms);
    const std::int64_t each = law.steps_each;
    Signal signal = empty_signal(encoding, value_ms, each, 1);
    for (const SpikeEvent& spike : encoding.spikes) {
        const auto late = static_cast<float>(spike.step % each) - law.onset;
        signal
            .values[static_cast<std::size_t>(spike.step / each * signal.n_channels + spike.unit)] =
            value_of(law, late);
    }
    return signal;
}

OptionSet latency_options() {
    OptionSet options;
    options.declare({.name = "curve",
                     .value = std::string("linear"),
                     .help = "how the time falls with the value",
                     .choices = {"linear", "log", "rc"}});
    options.declare({.name = "threshold",
                     .value = 0.01,
                     .help = "smallest value of its own time; log has none",
                     .lowest = 0,
                     .highest = 0.99});
    options.declare({.name = "tau_ms",
                     .value = 0.0,
                     .help = "time constant of linear and rc; 0: as long as fits",
                     .unit = "ms",
                     .lowest = 0});
    options.declare({.name = "onset_ms",
                     .value = 0.0,
                     .help = "time of the largest value",
                     .unit = "ms",
                     .lowest = 0});
    options.declare({.name = "silent_below",
                     .value = false,
                     .help = "values below the threshold have no spike"});
    declare_step(options);
    return options;
}

}  // namespace

EncoderEntry latency_encoder() {
    return {.name = "latency",
            .summary = "one spike a value, the earlier the larger it is",
            .source = "linear, rc: snnTorch spikegen; linear, log: SpikingJelly LatencyEncoder",
            .options = latency_options(),
            .range = {0, 1},
            .by_time = true,
            .encode = encode_by<&latency_of>,
            .encode_batch = encode_batch_by<&latency_of>,
            .decode = decode_latency};
}

}  // namespace elm

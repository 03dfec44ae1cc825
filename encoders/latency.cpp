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

#include "encoders/encoder.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

struct Latency {
    std::string curve;
    float threshold, tau, onset, last;  // steps

    Latency(const OptionSet& options, double value_ms)
        : curve(options.get<std::string>("curve")),
          threshold(static_cast<float>(options.get<double>("threshold"))) {
        const auto step_ms = options.get<double>("step_ms");
        last = static_cast<float>(steps_per_value(options, value_ms) - 1);
        onset = static_cast<float>(options.get<double>("onset_ms") / step_ms);
        ELM_CHECK(onset <= last,
                  "onset_ms {:g} is after the last step of a value, which lasts {:g} ms",
                  options.get<double>("onset_ms"), value_ms);
        tau = static_cast<float>(options.get<double>("tau_ms") / step_ms);
        if (tau == 0) tau = curve == "rc" ? (last - onset) / charging(smallest()) : last - onset;
        // Only the latest time depends on the options alone.
        const float latest = std::nearbyint(onset + steps_of(0));
        ELM_CHECK(
            latest <= last,
            "the smallest value has its spike {:g} ms late, but a value lasts {:g} ms: choose "
            "a shorter tau_ms, or 0, or let values last longer",
            latest * step_ms, value_ms);
    }

    float smallest() const { return curve == "rc" ? threshold + 1e-7F : threshold; }
    float charging(float x) const { return std::log(x / (x - threshold)); }
    float steps_of(float value) const {
        if (curve == "log") {
            const double x = value, vanishing = std::exp(-double{last});
            return static_cast<float>(std::min(double{last}, -std::log(x + (1 - x) * vanishing)));
        }
        const float x = std::max(value, smallest());
        return curve == "rc" ? tau * charging(x) : -tau * (x - 1);
    }
    float value_of(float steps) const {
        if (curve == "log") {
            const float vanishing = std::exp(-last);
            return (std::exp(-steps) - vanishing) / (1 - vanishing);
        }
        if (curve == "rc") return std::min(1.0F, threshold / (1 - std::exp(-steps / tau)));
        return tau == 0 ? 1 : 1 - steps / tau;
    }
};

Encoding encode_latency(const OptionSet& options, const Signal& signal, const RandomKey&) {
    const Latency latency(options, signal.step_ms);
    const std::int64_t each = steps_per_value(options, signal.step_ms);
    const bool silent = options.get<bool>("silent_below");
    Encoding encoding = empty_encoding(options, signal, each, 1);
    for_each_value(signal, [&](std::int64_t step, std::int64_t channel, float x) {
        if (silent && x < latency.threshold) return;
        const auto late =
            static_cast<std::int64_t>(std::nearbyint(latency.onset + latency.steps_of(x)));
        encoding.spikes.push_back({step * each + late, static_cast<std::int32_t>(channel)});
    });
    return encoding;
}

Signal decode_latency(const OptionSet& options, const Encoding& encoding, double value_ms) {
    const Latency latency(options, value_ms);
    const std::int64_t each = steps_per_value(options, value_ms);
    Signal signal = empty_signal(encoding, value_ms, each, 1);
    for (const SpikeEvent& spike : encoding.spikes) {
        const auto late = static_cast<float>(spike.step % each) - latency.onset;
        signal
            .values[static_cast<std::size_t>(spike.step / each * signal.n_channels + spike.unit)] =
            latency.value_of(late);
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
            .encode = encode_latency,
            .decode = decode_latency};
}

}  // namespace elm

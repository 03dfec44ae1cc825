// A current that is injected as long as a value lasts: I = gain_nA x, real numbers and no spikes.

#include "encoders/encoder.h"

namespace elm {
namespace {

Encoding encode_current(const OptionSet& options, const Signal& signal, const RandomKey&) {
    const std::int64_t each = steps_per_value(options, signal.step_ms);
    const auto gain = static_cast<float>(options.get<double>("gain_nA"));
    Encoding encoding = empty_encoding(options, signal, each, 1);
    encoding.values.reserve(static_cast<std::size_t>(encoding.n_steps * encoding.n_units));
    for (std::int64_t step = 0; step < encoding.n_steps; ++step) {
        for (std::int64_t channel = 0; channel < signal.n_channels; ++channel) {
            encoding.values.push_back(gain * signal.at(step / each, channel));
        }
    }
    return encoding;
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
            .encode = encode_current};
}

}  // namespace elm

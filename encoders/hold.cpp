// Each value for `times` steps of the length of one value: time is stretched, so that time
// constants in ms keep their meaning. Real numbers and no spikes.

#include "encoders/encoder.h"

namespace elm {
namespace {

Encoding encode_held(const OptionSet& options, const Signal& signal, const RandomKey&) {
    const auto times = options.get<std::int64_t>("times");
    Encoding encoding{
        .n_steps = signal.n_steps * times, .n_units = signal.n_channels, .step_ms = signal.step_ms};
    for (std::int64_t step = 0; step < encoding.n_steps; ++step) {
        const auto row = signal.values.begin() + step / times * signal.n_channels;
        encoding.values.insert(encoding.values.end(), row, row + signal.n_channels);
    }
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
            .encode = encode_held};
}

}  // namespace elm

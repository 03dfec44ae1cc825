// Temporal contrast: a spike where a value differs from the one before it by the threshold or more.
//   ON, unit 2c:       x_t - x_(t-1) >= threshold
//   OFF, unit 2c + 1:  x_t - x_(t-1) <= -threshold
// The first value is compared with 0, or with itself (`from_first`).

#include "encoders/encoder.h"

namespace elm {
namespace {

Encoding encode_changes(const OptionSet& options, const Signal& signal, const RandomKey&) {
    const auto threshold = static_cast<float>(options.get<double>("threshold"));
    const bool from_first = options.get<bool>("from_first");
    Encoding encoding = empty_encoding_like(signal, 2);
    for_each_value(signal, [&](std::int64_t step, std::int64_t channel, float x) {
        const float before = step > 0 ? signal.at(step - 1, channel) : from_first ? x : 0.0F;
        const auto on = static_cast<std::int32_t>(2 * channel);
        if (x - before >= threshold) encoding.spikes.push_back({step, on});
        if (x - before <= -threshold) encoding.spikes.push_back({step, on + 1});
    });
    return encoding;
}

OptionSet change_options() {
    OptionSet options;
    options.declare({.name = "threshold",
                     .value = 0.1,
                     .help = "smallest change that has a spike",
                     .lowest = 1e-9});
    options.declare({.name = "from_first",
                     .value = false,
                     .help = "the first value is no change; else it is one from 0"});
    return options;
}

}  // namespace

EncoderEntry delta_encoder() {
    return {.name = "delta",
            .summary = "an ON or OFF spike where a value changes by the threshold",
            .source = "delta modulation of snnTorch",
            .options = change_options(),
            .along_time = true,
            .encode = encode_changes};
}

}  // namespace elm

// A base follows the signal, at most one threshold a step, from its first value on:
//   ON, unit 2c:       x_t > base + threshold,  base += threshold
//   OFF, unit 2c + 1:  x_t < base - threshold,  base -= threshold
// Source: Kasabov, Scott, Tu et al. 2016, doi:10.1016/j.neunet.2015.09.011.

#include "encoders/encoder.h"

namespace elm {
namespace {

Encoding encode_steps(const OptionSet& options, const Signal& signal, const RandomKey&) {
    const auto threshold = options.get<double>("threshold");
    Encoding encoding = empty_encoding_like(signal, 2);
    const auto channels = static_cast<std::size_t>(signal.n_channels);
    std::vector<double> bases(signal.values.begin(),
                              signal.values.begin() + static_cast<std::ptrdiff_t>(channels));
    for_each_value(signal, [&](std::int64_t step, std::int64_t channel, float x) {
        double& base = bases[static_cast<std::size_t>(channel)];
        const auto on = static_cast<std::int32_t>(2 * channel);
        if (double{x} > base + threshold) {
            base += threshold;
            encoding.spikes.push_back({step, on});
        } else if (double{x} < base - threshold) {
            base -= threshold;
            encoding.spikes.push_back({step, on + 1});
        }
    });
    return encoding;
}

OptionSet step_options() {
    OptionSet options;
    options.declare(
        {.name = "threshold", .value = 0.1, .help = "step of the base", .lowest = 1e-9});
    return options;
}

}  // namespace

EncoderEntry step_forward_encoder() {
    return {.name = "step-forward",
            .summary = "an ON or OFF spike a step while a base lags behind the signal",
            .source = "Kasabov et al. 2016, doi:10.1016/j.neunet.2015.09.011",
            .options = step_options(),
            .along_time = true,
            .encode = encode_steps};
}

}  // namespace elm

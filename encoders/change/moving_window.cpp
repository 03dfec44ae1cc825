// A spike where a value leaves the mean of the `window` values before it by more than a threshold:
//   base_t = mean of x_(t - window) .. x_(t - 1)
//   ON, unit 2c:       x_t > base_t + threshold
//   OFF, unit 2c + 1:  x_t < base_t - threshold
// The first `window` values have no spike.
// Source: Kasabov, Scott, Tu et al. 2016, doi:10.1016/j.neunet.2015.09.011. spikify compares the
// first values with the mean of them all, which knows the later ones.

#include "encoders/change/moving_window_body.h"
#include "encoders/law/encode_by_law.h"

namespace elm {
namespace {

MovingWindowLaw windows_of(const OptionSet& options, double /*value_ms*/) {
    return {.threshold = options.get<double>("threshold"),
            .window = options.get<std::int64_t>("window")};
}

OptionSet window_options() {
    OptionSet options;
    options.declare({.name = "threshold",
                     .value = 0.1,
                     .help = "distance from the mean that has a spike",
                     .lowest = 1e-9});
    options.declare({.name = "window",
                     .value = std::int64_t{10},
                     .help = "values that the mean is of",
                     .lowest = 1,
                     .highest = 1e5});
    return options;
}

}  // namespace

EncoderEntry moving_window_encoder() {
    return {.name = "moving-window",
            .summary = "an ON or OFF spike where a value leaves the mean of those before it",
            .source = "Kasabov et al. 2016, doi:10.1016/j.neunet.2015.09.011",
            .options = window_options(),
            .along_time = true,
            .encode = encode_by<&windows_of>,
            .encode_batch = encode_batch_by<&windows_of>};
}

}  // namespace elm

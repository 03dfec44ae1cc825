// Threshold-based representation: a spike where the next value differs by more than is usual for
// the channel,
//   d_t = x_(t + 1) - x_t;  of the last value that of the one before it
//   threshold = mean of d + factor * standard deviation of d, over all values of the channel
//   OFF, unit 2c + 1:  d_t < -threshold
//   ON, unit 2c:       d_t > threshold, and no OFF
// Source: Kasabov, Scott, Tu et al. 2016, doi:10.1016/j.neunet.2015.09.011; the last value as in
// spikify.

#include "encoders/change/threshold_based_body.h"
#include "encoders/law/encode_by_law.h"

namespace elm {
namespace {

ThresholdBasedLaw changes_of(const OptionSet& options, double /*value_ms*/) {
    return {.factor = options.get<double>("factor")};
}

OptionSet unusual_options() {
    OptionSet options;
    options.declare({.name = "factor",
                     .value = 1.0,
                     .help = "standard deviations of the changes beyond their mean",
                     .lowest = 0,
                     .highest = 100});
    return options;
}

}  // namespace

EncoderEntry threshold_based_encoder() {
    return {.name = "threshold-based",
            .summary = "an ON or OFF spike where the next value changes more than is usual",
            .source = "Kasabov et al. 2016, doi:10.1016/j.neunet.2015.09.011",
            .options = unusual_options(),
            .along_time = true,
            .looks_ahead = true,
            .encode = encode_by<&changes_of>,
            .encode_batch = encode_batch_by<&changes_of>};
}

}  // namespace elm

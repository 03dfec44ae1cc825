// A base follows the signal, at most one threshold a step, from its first value on:
//   ON, unit 2c:       x_t > base + threshold,  base += threshold
//   OFF, unit 2c + 1:  x_t < base - threshold,  base -= threshold
// Source: Kasabov, Scott, Tu et al. 2016, doi:10.1016/j.neunet.2015.09.011.

#include "encoders/change/step_forward_body.h"
#include "encoders/law/encode_by_law.h"

namespace elm {
namespace {

StepForwardLaw steps_of(const OptionSet& options, double /*value_ms*/) {
    return {.threshold = options.get<double>("threshold")};
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
            .encode = encode_by<&steps_of>,
            .encode_batch = encode_batch_by<&steps_of>};
}

}  // namespace elm

// A burst a value, x in [0, 1]: the larger it is the more spikes, and the closer together.
//   spikes = ceil(most x),   gap = ceil(longest - (longest - shortest) x) empty steps between them
// the first spike in the first step.
// Source: Guo, Fouda, Eltawil & Salama 2021, doi:10.3389/fnins.2021.638474; the interval counts
// empty steps, as in spikify.

#include "encoders/law/encode_by_law.h"
#include "encoders/timing/burst_body.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

BurstLaw bursts_of(const OptionSet& options, double value_ms) {
    const auto step_ms = options.get<double>("step_ms");
    const BurstLaw law{.steps_each = steps_per_value(options, value_ms),
                       .most_spikes = static_cast<double>(options.get<std::int64_t>("most_spikes")),
                       .shortest_gap = options.get<double>("shortest_gap_ms") / step_ms,
                       .longest_gap = options.get<double>("longest_gap_ms") / step_ms};
    ELM_CHECK(law.shortest_gap <= law.longest_gap,
              "shortest_gap_ms {:g} is above longest_gap_ms {:g}", law.shortest_gap * step_ms,
              law.longest_gap * step_ms);
    return law;
}

OptionSet burst_options() {
    OptionSet options;
    options.declare({.name = "most_spikes",
                     .value = std::int64_t{5},
                     .help = "spikes of a value of 1",
                     .lowest = 1,
                     .highest = 1e6});
    options.declare({.name = "shortest_gap_ms",
                     .value = 2.0,
                     .help = "empty time between the spikes of a value of 1",
                     .unit = "ms",
                     .lowest = 0});
    options.declare({.name = "longest_gap_ms",
                     .value = 20.0,
                     .help = "the same of the smallest value",
                     .unit = "ms",
                     .lowest = 0});
    declare_step(options);
    return options;
}

}  // namespace

void BurstLaw::refuse(float x) const {
    throw Error(
        ErrorKind::invalid,
        fmt::format("the burst of the value {:g} takes {} steps, but a value lasts {}: choose "
                    "fewer most_spikes, shorter gaps, or let values last longer",
                    x, last_step_of(x) + 1, steps_each));
}

EncoderEntry burst_encoder() {
    return {.name = "burst",
            .summary = "a burst a value: more and closer spikes the larger it is",
            .source = "Guo et al. 2021, doi:10.3389/fnins.2021.638474",
            .options = burst_options(),
            .range = {0, 1},
            .encode = encode_by<&bursts_of>,
            .encode_batch = encode_batch_by<&bursts_of>};
}

}  // namespace elm

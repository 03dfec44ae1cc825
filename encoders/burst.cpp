// A burst a value, x in [0, 1]: the larger it is the more spikes, and the closer together.
//   spikes = ceil(most x),   gap = ceil(longest - (longest - shortest) x) empty steps between them
// the first spike in the first step.
// Source: Guo, Fouda, Eltawil & Salama 2021, doi:10.3389/fnins.2021.638474; the interval counts
// empty steps, as in spikify.

#include <cmath>

#include "encoders/encoder.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

Encoding encode_bursts(const OptionSet& options, const Signal& signal, const RandomKey&) {
    const auto step_ms = options.get<double>("step_ms");
    const double shortest = options.get<double>("shortest_gap_ms") / step_ms;
    const double longest = options.get<double>("longest_gap_ms") / step_ms;
    const auto most = static_cast<double>(options.get<std::int64_t>("most_spikes"));
    ELM_CHECK(shortest <= longest, "shortest_gap_ms {:g} is above longest_gap_ms {:g}",
              shortest * step_ms, longest * step_ms);
    const std::int64_t each = steps_per_value(options, signal.step_ms);
    Encoding encoding = empty_encoding(options, signal, each, 1);
    for_each_value(signal, [&](std::int64_t step, std::int64_t channel, float x) {
        const auto spikes = static_cast<std::int64_t>(std::ceil(most * double{x}));
        const auto interval =
            static_cast<std::int64_t>(std::ceil(longest - double{x} * (longest - shortest))) + 1;
        ELM_CHECK((spikes - 1) * interval < each,
                  "the burst of the value {:g} takes {} steps, but a value lasts {}: choose fewer "
                  "most_spikes, shorter gaps, or let values last longer",
                  x, (spikes - 1) * interval + 1, each);
        for (std::int64_t k = 0; k < spikes; ++k) {
            encoding.spikes.push_back(
                {step * each + k * interval, static_cast<std::int32_t>(channel)});
        }
    });
    return encoding;
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

EncoderEntry burst_encoder() {
    return {.name = "burst",
            .summary = "a burst a value: more and closer spikes the larger it is",
            .source = "Guo et al. 2021, doi:10.3389/fnins.2021.638474",
            .options = burst_options(),
            .range = {0, 1},
            .encode = encode_bursts};
}

}  // namespace elm

// Gaussian receptive fields that overlap share a channel; each fires at most once, the earlier the
// better the value fits it:
//   c_i = lowest + (2 i - 3) / 2 (highest - lowest) / (units - 2),   i = 1 .. units
//   width = (highest - lowest) / (beta (units - 2))
//   g_i = exp(-(x - c_i)^2 / (2 width^2)),   step round(T (1 - g_i))
// A unit whose activity is below `silent_below` does not fire.
// Source: Bohte, Kok & La Poutré 2002, doi:10.1016/S0925-2312(01)00658-0, section 4: beta 1.5,
// units that would fire in the last tenth are silent.

#include <cmath>

#include "encoders/encoder.h"

namespace elm {
namespace {

struct Fields {
    std::int64_t units;
    double lowest, spacing, width;

    explicit Fields(const OptionSet& options)
        : units(options.get<std::int64_t>("units")),
          lowest(options.get<double>("lowest")),
          spacing((options.get<double>("highest") - lowest) / static_cast<double>(units - 2)),
          width(spacing / options.get<double>("beta")) {}

    double centre(std::int64_t unit) const {
        return lowest + (static_cast<double>(unit) - 0.5) * spacing;
    }
};

Encoding encode_fields(const OptionSet& options, const Signal& signal, const RandomKey&) {
    const Fields fields(options);
    const std::int64_t each = steps_per_value(options, signal.step_ms);
    Encoding encoding = empty_encoding(options, signal, each, fields.units);
    for_each_value(signal, [&](std::int64_t step, std::int64_t channel, float x) {
        for (std::int64_t unit = 0; unit < fields.units; ++unit) {
            const double distance = (double{x} - fields.centre(unit)) / fields.width;
            const double activity = std::exp(-distance * distance / 2);
            const auto late = static_cast<std::int64_t>(
                std::nearbyint(static_cast<double>(each) * (1 - activity)));
            if (activity < options.get<double>("silent_below") || late >= each) continue;
            encoding.spikes.push_back(
                {step * each + late, static_cast<std::int32_t>(channel * fields.units + unit)});
        }
    });
    return encoding;
}

/// The mean of the centres, weighted with the activities that the times stand for.
Signal decode_fields(const OptionSet& options, const Encoding& encoding, double value_ms) {
    const Fields fields(options);
    const std::int64_t each = steps_per_value(options, value_ms);
    Signal signal = empty_signal(encoding, value_ms, each, fields.units);
    std::vector<double> weight(signal.values.size()), moment(signal.values.size());
    for (const SpikeEvent& spike : encoding.spikes) {
        const auto at = static_cast<std::size_t>(spike.step / each * signal.n_channels +
                                                 spike.unit / fields.units);
        const double activity =
            1 - static_cast<double>(spike.step % each) / static_cast<double>(each);
        weight[at] += activity;
        moment[at] += activity * fields.centre(spike.unit % fields.units);
    }
    for (std::size_t at = 0; at < weight.size(); ++at) {
        if (weight[at] > 0) signal.values[at] = static_cast<float>(moment[at] / weight[at]);
    }
    return signal;
}

OptionSet field_options() {
    OptionSet options;
    options.declare({.name = "units",
                     .value = std::int64_t{8},
                     .help = "receptive fields of a channel",
                     .lowest = 3,
                     .highest = 1e6});
    options.declare({.name = "lowest", .value = 0.0, .help = "smallest value that is covered"});
    options.declare({.name = "highest", .value = 1.0, .help = "largest value that is covered"});
    options.declare({.name = "beta",
                     .value = 1.5,
                     .help = "distance of neighbours over the width of a field",
                     .lowest = 0.01});
    options.declare({.name = "silent_below",
                     .value = 0.1,
                     .help = "activity of which a unit does not fire",
                     .lowest = 0,
                     .highest = 1});
    declare_step(options);
    return options;
}

}  // namespace

EncoderEntry receptive_fields_encoder() {
    return {.name = "receptive-fields",
            .summary = "overlapping receptive fields, each firing the earlier the better it fits",
            .source = "Bohte, Kok & La Poutré 2002, doi:10.1016/S0925-2312(01)00658-0",
            .options = field_options(),
            .by_time = true,
            .encode = encode_fields,
            .decode = decode_fields};
}

}  // namespace elm

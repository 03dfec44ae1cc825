// Gaussian receptive fields that overlap share a channel; each fires at most once, the earlier the
// better the value fits it:
//   c_i = lowest + (2 i - 3) / 2 (highest - lowest) / (units - 2),   i = 1 .. units
//   width = (highest - lowest) / (beta (units - 2))
//   g_i = exp(-(x - c_i)^2 / (2 width^2)),   step round(T (1 - g_i))
// A unit whose activity is below `silent_below` does not fire.
// Source: Bohte, Kok & La Poutré 2002, doi:10.1016/S0925-2312(01)00658-0, section 4: beta 1.5,
// units that would fire in the last tenth are silent.

#include "encoders/law/encode_by_law.h"
#include "encoders/population/receptive_fields_body.h"

namespace elm {
namespace {

ReceptiveFieldsLaw fields_of(const OptionSet& options, double value_ms) {
    const auto units = options.get<std::int64_t>("units");
    const auto lowest = options.get<double>("lowest");
    const double spacing =
        (options.get<double>("highest") - lowest) / static_cast<double>(units - 2);
    return {.steps_each = steps_per_value(options, value_ms),
            .units_each = units,
            .lowest = lowest,
            .spacing = spacing,
            .width = spacing / options.get<double>("beta"),
            .silent_below = options.get<double>("silent_below")};
}

/// The mean of the centres, weighted with the activities that the times stand for.
Signal decode_fields(const OptionSet& options, const Encoding& encoding, double value_ms) {
    const ReceptiveFieldsLaw fields = fields_of(options, value_ms);
    const std::int64_t each = fields.steps_each, units = fields.units_each;
    Signal signal = empty_signal(encoding, value_ms, each, units);
    std::vector<double> weight(signal.values.size()), moment(signal.values.size());
    for (const SpikeEvent& spike : encoding.spikes) {
        const auto at =
            static_cast<std::size_t>(spike.step / each * signal.n_channels + spike.unit / units);
        const double activity =
            1 - static_cast<double>(spike.step % each) / static_cast<double>(each);
        weight[at] += activity;
        moment[at] += activity * fields.centre(spike.unit % units);
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
            .encode = encode_by<&fields_of>,
            .encode_batch = encode_batch_by<&fields_of>,
            .decode = decode_fields};
}

}  // namespace elm

// One unit of `bins` a step: k = min(bins - 1, floor(x bins)), x in [0, 1].

#include "encoders/law/encode_by_law.h"
#include "encoders/population/grey_bins_body.h"

namespace elm {
namespace {

GreyBinsLaw bins_of(const OptionSet& options, double /*value_ms*/) {
    return {.units_each = options.get<std::int64_t>("bins")};
}

OptionSet bin_options() {
    OptionSet options;
    options.declare({.name = "bins",
                     .value = std::int64_t{16},
                     .help = "units of a channel",
                     .lowest = 1,
                     .highest = 1e6});
    return options;
}

}  // namespace

EncoderEntry grey_bins_encoder() {
    return {.name = "grey-bins",
            .summary = "the unit of the bin that holds the value",
            .source = "Spieler et al. 2024, arXiv 2306.16922: 16 grey levels",
            .options = bin_options(),
            .range = {0, 1},
            .along_time = true,
            .encode = encode_by<&bins_of>,
            .encode_batch = encode_batch_by<&bins_of>};
}

}  // namespace elm

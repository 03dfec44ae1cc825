// One unit of `bins` a step: k = min(bins - 1, floor(x bins)), x in [0, 1].

#include <algorithm>
#include <cmath>

#include "encoders/one_unit.h"

namespace elm {
namespace {

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
            .encode = [](const OptionSet& options, const Signal& signal, const RandomKey&) {
                const auto bins = options.get<std::int64_t>("bins");
                return encode_one_unit(signal, bins, [bins](float x) {
                    return std::min(bins - 1, static_cast<std::int64_t>(std::floor(
                                                  double{x} * static_cast<double>(bins))));
                });
            }};
}

}  // namespace elm

// Exact attention of the steps in a window around each one, see softmax_attention.h. Its cost is
// that of the window; from chunk to chunk keys and values of as many steps are kept.
// Source: the sliding window of Zhang et al. 2023, arXiv 2210.07661, whose edges end with the
// sequence. (The published code of Tay et al. 2021, arXiv 2011.04006, cuts the sequence into
// blocks, of strided positions, instead.)

#include "baselines/mixers/attention/softmax_attention.h"

namespace elm {
namespace {

OptionSet options() {
    OptionSet options = head_options();
    // Zhang et al. 2023: 15.
    options.declare({.name = "window",
                     .value = std::int64_t{15},
                     .help = "steps on either side that a step sees; causally those up to itself",
                     .unit = "steps",
                     .lowest = 1,
                     .highest = 1 << 24});
    return options;
}

}  // namespace

MixerEntry local_attention_mixer() {
    return {.name = "local_attention",
            .summary = "attention in a sliding window",
            .source = "Zhang et al. 2023, arXiv 2210.07661",
            .options = options,
            .make = [](const OptionSet& chosen,
                       const MixerPlace& place) -> std::unique_ptr<SequenceMixer> {
                return std::make_unique<SoftmaxAttention>(
                    chosen, place, chosen.get<std::int64_t>("window"), false);
            }};
}

}  // namespace elm

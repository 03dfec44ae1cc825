// Mega: gated attention (gated_attention.h) whose queries, keys and gates are made of damped moving
// averages (damped_average.h).
// Source: Ma et al. 2022, arXiv 2209.10655.

#include "baselines/mixers/gated/damped_average.h"
#include "baselines/mixers/gated/gated_attention.h"

namespace elm {
namespace {

OptionSet options() {
    OptionSet options;
    GatedAttention::declare(options);
    DampedAverage::declare(options);
    return options;
}

}  // namespace

MixerEntry mega_mixer() {
    return {.name = "mega",
            .summary = "moving averages and gated attention (Mega)",
            .source = "Ma et al. 2022, arXiv 2209.10655",
            .options = options,
            .make = [](const OptionSet& chosen,
                       const MixerPlace& place) -> std::unique_ptr<SequenceMixer> {
                return std::make_unique<GatedAttention>(
                    chosen, place,
                    std::make_unique<DampedAverage>(chosen, place.width, place.causal));
            }};
}

}  // namespace elm

// TCNCA: gated attention in chunks (gated_attention.h) whose queries, keys and gates are made of
// dilated convolutions (dilated_convolutions.h), in the place of Mega's moving averages. Linear in
// the length where `chunk` is set. `gates` false is a simplified form without products, of which
// the source says that it suits associative recall; how it is made is not said, and so ours.
// Source: Terzic et al. 2023, arXiv 2312.05605. No code of theirs is public, and the sizes and
// activations within the convolutions are ours: results are those of this form, not of theirs.

#include "baselines/mixers/gated/dilated_convolutions.h"
#include "baselines/mixers/gated/gated_attention.h"

namespace elm {
namespace {

OptionSet options() {
    OptionSet options;
    GatedAttention::declare(options);
    DilatedConvolutions::declare(options);
    return options;
}

}  // namespace

MixerEntry tcnca_mixer() {
    return {.name = "tcnca",
            .summary = "dilated convolutions and gated attention (TCNCA)",
            .source = "Terzic et al. 2023, arXiv 2312.05605",
            .options = options,
            .make = [](const OptionSet& chosen,
                       const MixerPlace& place) -> std::unique_ptr<SequenceMixer> {
                return std::make_unique<GatedAttention>(
                    chosen, place,
                    std::make_unique<DilatedConvolutions>(chosen, place.width, place.causal));
            }};
}

}  // namespace elm

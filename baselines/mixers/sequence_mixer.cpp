#include "baselines/mixers/sequence_mixer.h"

#include "kernels/core/support/check.h"

namespace elm {
namespace {

void require_pattern(const MixerTraits& traits, const MixerInput& input) {
    const bool known = input.is_cross()
                           ? (input.causal ? traits.cross_causal : traits.cross_noncausal)
                           : (input.causal ? traits.self_causal : traits.self_noncausal);
    ELM_CHECK(known, "this mixer cannot read {} {}",
              input.is_cross() ? "another sequence" : "a sequence",
              input.causal ? "causally" : "in both directions");
}

}  // namespace

Var SequenceMixer::mix(Context& context, const MixerInput& input, StateCursor* state) {
    const Shape& shape = input.sequence.value.shape();
    require_rank<3>(shape, "mixer: sequence (batch, time, width)");
    require_shape(shape, {shape[0], shape[1], width_}, "mixer: sequence (batch, time, width)");
    if (input.is_cross()) {
        const Shape& source = input.context.value.shape();
        require_rank<3>(source, "mixer: context (batch, time, width)");
        require_shape(source, {shape[0], source[1], width_}, "mixer: context (batch, time, width)");
    }
    const MixerTraits own = traits();
    require_pattern(own, input);
    ELM_CHECK(state == nullptr || (own.streams && input.causal && !input.is_cross()),
              "this mixer reads whole sequences: it does not go on from a state");
    return run(context, input, state);
}

void require_direction(const MixerTraits& traits, bool causal) {
    ELM_CHECK(causal ? traits.self_causal : traits.self_noncausal,
              "the mixer of this model cannot read {}. Set causal to {}.",
              causal ? "causally" : "in both directions", !causal);
}

}  // namespace elm

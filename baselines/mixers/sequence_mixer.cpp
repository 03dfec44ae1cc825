#include "baselines/mixers/sequence_mixer.h"

#include "kernels/core/support/check.h"

namespace elm {
std::string_view MixerPattern::name() const noexcept {
    if (is_cross) return causal ? "CC" : "NC";
    return causal ? "CS" : "NS";
}

std::string_view MixerPattern::words() const noexcept {
    if (is_cross)
        return causal ? "another sequence causally" : "another sequence in both directions";
    return causal ? "a sequence causally" : "a sequence in both directions";
}

bool MixerPattern::is_known(const MixerTraits& traits) const noexcept {
    if (is_cross) return causal ? traits.cross_causal : traits.cross_noncausal;
    return causal ? traits.self_causal : traits.self_noncausal;
}

std::string_view MixerPattern::reason(const MixerTraits& traits) const noexcept {
    if (is_cross) return traits.no_cross;
    return causal ? traits.no_causal : traits.no_noncausal;
}

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
    const MixerPattern pattern{input.is_cross(), input.causal};
    ELM_CHECK(pattern.is_known(own), "this mixer cannot read {}: {}", pattern.words(),
              pattern.reason(own));
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

#pragma once

#include <cstddef>
#include <cstdint>

#include "baselines/mixers/sequence_mixer.h"

namespace elm {

/// What gated attention (gated_attention.h) makes queries, keys and gates of: each step with those
/// around it.
class StepSummary : public Module {
public:
    /// Goes on from chunk to chunk, with so many tensors of state.
    virtual bool streams() const = 0;
    virtual std::size_t state_tensors() const = 0;
    /// As SequenceMixer::flops_per_step.
    virtual double flops_per_step(std::int64_t steps) const = 0;

    /// (batch, time, width) → the same shape, made for the direction of the mixer's place.
    virtual Var forward(Context& context, const MixerInput& input, StateCursor* state) const = 0;
};

}  // namespace elm

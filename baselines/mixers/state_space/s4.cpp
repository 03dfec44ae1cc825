// S4: a state space for each feature, see low_rank_space.h, then a gated output (gated_output.h).
// Whole sequences go through one long convolution; from a state, and chunk by chunk, the same is a
// recurrence, without gradients.
// Source: Gu, Goel & Ré 2022, arXiv 2111.00396.

#include "baselines/mixers/gated_output.h"
#include "baselines/mixers/state_space/low_rank_space.h"
#include "baselines/mixers/state_space/mode_options.h"
#include "kernels/io/option_set.h"

namespace elm {
namespace {

class S4Mixer : public SequenceMixer {
public:
    S4Mixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          space_(child("space", std::make_unique<LowRankSpace>(options, place))),
          output_(
              child("output", std::make_unique<GatedOutput>(options, width(), Activation::gelu))) {}

    MixerTraits traits() const override {
        return {.streams = space_.streams(), .state_tensors = space_.streams() ? 2U : 0U};
    }

    double flops_per_step(std::int64_t steps, bool causal) const override {
        return space_.flops_per_step(steps, causal);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override {
        return output_.forward(context, space_.forward(context, input, state));
    }

private:
    LowRankSpace& space_;
    GatedOutput& output_;
};

OptionSet options() {
    OptionSet options;
    LowRankSpace::declare(options);
    GatedOutput::declare(options, "full_glu");
    return options;
}

}  // namespace

MixerEntry s4_mixer() {
    return {.name = "s4",
            .summary = "state spaces with a correction of low rank (S4)",
            .source = "Gu et al. 2022, arXiv 2111.00396",
            .options = options,
            .make = make_mixer_of<S4Mixer>,
            .learning_rate = state_space_learning_rates};
}

}  // namespace elm

// No mixing at all: y = x. A model with it treats each step by itself, which shows what a task
// takes of the steps around. It has no parameters.
// Source: the control without attention of Zhang et al. 2023, arXiv 2210.07661, section 4.

#include "baselines/mixers/mixer_registry.h"
#include "kernels/io/option_set.h"

namespace elm {
namespace {

class Identity final : public SequenceMixer {
public:
    Identity(const OptionSet& /*options*/, const MixerPlace& place) : SequenceMixer(place.width) {}

    MixerTraits traits() const override { return {}; }
    double flops_per_step(std::int64_t /*steps*/, bool /*causal*/) const override { return 0; }

protected:
    Var run(Context& /*context*/, const MixerInput& input, StateCursor* /*state*/) override {
        return input.sequence;
    }
};

OptionSet options() { return {}; }

}  // namespace

MixerEntry identity_mixer() {
    return {.name = "identity",
            .summary = "no mixing of steps",
            .source = "Zhang et al. 2023, arXiv 2210.07661",
            .options = options,
            .make = make_mixer_of<Identity>};
}

}  // namespace elm

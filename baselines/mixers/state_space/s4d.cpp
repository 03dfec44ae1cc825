// S4D: a diagonal state space for each feature (equations and first values: diagonal_modes.h), with
// D u of the present step, then a gated output (gated_output.h). Whole sequences go through one
// long convolution with
//   K[s] = 2 Re sum of C B gain exp(exponent s)
// from a state, and chunk by chunk, the same as a recurrence. In both directions each feature has a
// second C whose kernel looks ahead, beginning with the next step.
// Source: Gu, Gupta, Goel & Re 2022, arXiv 2206.11893. Where we differ from the authors' code: the
// step is stored as its logarithm, and A has positive frequencies.

#include "baselines/mixers/gated_output.h"
#include "baselines/mixers/mixer_registry.h"
#include "baselines/mixers/state_space/diagonal_modes.h"
#include "baselines/mixers/state_space/mode_options.h"
#include "baselines/mixers/state_space/mode_response.h"
#include "kernels/ops/scan/state_space/mode_scan.h"

namespace elm {
namespace {

class S4dMixer : public SequenceMixer {
public:
    S4dMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          is_causal_(place.causal),
          modes_(options, width(), place.causal ? 1 : 2,
                 [this](const char* name, const Shape& shape, Initialiser first,
                        bool is_weight) -> ModuleParameter& {
                     return is_weight ? table(name, shape, std::move(first))
                                      : offset(name, shape, std::move(first));
                 }),
          skip_(parameter("skip", {width()}, initialise::normal(0, 1))),
          output_(
              child("output", std::make_unique<GatedOutput>(options, width(), Activation::gelu))) {}

    MixerTraits traits() const override { return {.state_tensors = 2}; }

    double flops_per_step(std::int64_t steps, bool causal) const override {
        return static_cast<double>(width()) * (causal ? 1 : 2) * convolution_flops(steps);
    }

    /// In both directions it never goes on from a state, which is the scan's part.
    void require_device(const DeviceLimits& device, DType dtype) const override {
        if (is_causal_) require_mode_scan_fits(device, modes_.count(), dtype);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override {
        return output_.forward(context, mode_response(context, modes_.discretised(context),
                                                      use(context, skip_), input, state));
    }

private:
    bool is_causal_;
    DiagonalModes modes_;
    ModuleParameter& skip_;
    GatedOutput& output_;
};

OptionSet options() {
    OptionSet options;
    DiagonalModes::declare(options);
    GatedOutput::declare(options, "full_glu");
    return options;
}

}  // namespace

MixerEntry s4d_mixer() {
    return {.name = "s4d",
            .summary = "diagonal state spaces (S4D)",
            .source = "Gu et al. 2022, arXiv 2206.11893",
            .options = options,
            .make = make_mixer_of<S4dMixer>,
            .learning_rate = state_space_learning_rates};
}

}  // namespace elm

// GSS, a gated state space on few features (G: gelu, N: layer norm, *: element by element):
//   v = G(W_v x)    u = G(W_u x)    s[t] = sum over r <= t of K[r] N(u)[t-r] + D N(u)[t]
//   y = W_o ((W_c s) * v) + b       K[r] = Re sum of C (exp(a) - 1) / a exp(a r)
// with `expand` times the width as features of v, `kernel_width` of u, and modes
// a = -exp(log_decay) + i exp(log_frequency) that all of them share.
// Source: Mehta et al. 2022, arXiv 2206.13947, section 3; what is not printed there as in the code
// of P. Wang, gated-state-spaces-pytorch, for there is none of the authors.

#include <cmath>

#include "baselines/mixers/mixer_registry.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "baselines/mixers/state_space/mode_response.h"
#include "kernels/io/option_set.h"
#include "kernels/io/whole_option.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/spectral/modes/tied_modes.h"

namespace elm {
namespace {

class GssMixer : public SequenceMixer {
public:
    GssMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          inner_(options.get<std::int64_t>("expand") * place.width),
          features_(features_of(options, place.width)),
          states_(options.get<std::int64_t>("states")),
          gate_(child("gate", std::make_unique<Linear>(width(), inner_, false))),
          narrow_(child("narrow", std::make_unique<Linear>(width(), features_, false))),
          norm_(child("norm", std::make_unique<LayerNorm>(features_))),
          log_decay_(offset("log_decay", {states_}, initialise::normal(0, 1))),
          log_frequency_(offset("log_frequency", {states_}, initialise::normal(0, 1))),
          output_weight_(
              table("output_weight", {2, 1, features_, states_}, initialise::normal(0, 1))),
          skip_(parameter("skip", {features_}, initialise::normal(0, 1))),
          widen_(child("widen", std::make_unique<Linear>(features_, inner_, false))),
          output_(child("output", std::make_unique<Linear>(inner_, width()))) {}

    MixerTraits traits() const override { return {.self_noncausal = false, .state_tensors = 2}; }

    double flops_per_step(std::int64_t steps, bool) const override {
        return static_cast<double>(features_) * convolution_flops(steps) +
               static_cast<double>(inner_);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override {
        const Var& x = input.sequence;
        const Var gate = activate(context, gate_.forward(context, x), Activation::gelu);
        const Var few = activate(context, narrow_.forward(context, x), Activation::gelu);
        const Var read = mode_response(context, modes(context), use(context, skip_),
                                       {.sequence = norm_.forward(context, few)}, state);
        return output_.forward(context, multiply(context, widen_.forward(context, read), gate));
    }

private:
    static std::int64_t features_of(const OptionSet& options, std::int64_t width) {
        const auto chosen = options.get<std::int64_t>("kernel_width");
        return chosen > 0 ? chosen : (width + 3) / 4;
    }

    /// In steps of 1.
    Modes modes(Context& context) const {
        const auto exponential = [&](const ModuleParameter& of) {
            return activate(context, use(context, of), Activation::exp);
        };
        const Var step{Tensor::zeros(context.stream, {2, features_}, skip_.value.dtype())};
        return tied_modes(
            context, TiedGain::zero_order_hold, 1,
            {step,
             {scale(context, exponential(log_decay_), -1), exponential(log_frequency_)},
             planes_of(context, use(context, output_weight_))});
    }

    std::int64_t inner_, features_, states_;
    Linear& gate_;
    Linear& narrow_;
    LayerNorm& norm_;
    ModuleParameter& log_decay_;
    ModuleParameter& log_frequency_;
    ModuleParameter& output_weight_;  // real parts, then imaginary parts
    ModuleParameter& skip_;
    Linear& widen_;
    Linear& output_;
};

OptionSet options() {
    OptionSet options;
    options.declare(
        whole_option("states", 64, "complex states, which all features share", 1, 4096));
    options.declare(
        whole_option("expand", 4, "features of the gate for each one of the width", 1, 64));
    options.declare(whole_option(
        "kernel_width", 0, "features of the state space; 0: a quarter of the width", 0, 65536));
    return options;
}

}  // namespace

MixerEntry gss_mixer() {
    return {.name = "gss",
            .summary = "gated state spaces (GSS)",
            .source = "Mehta et al. 2022, arXiv 2206.13947",
            .options = options,
            .make = make_mixer_of<GssMixer>};
}

}  // namespace elm

// DSS: a diagonal state space for each feature; all features share N complex modes a, which are
// not pairs, each at steps of its own:
//   y[t] = sum over s <= t of K[s] u[t-s] + D u[t]     K[s] = Re sum of C gain exp(x s)
//   x = exp(log_step) Re(a) + i exp(log_step') Im(a)
// then a gated output (gated_output.h). With `gain` softmax it is the one of which the exponentials
// of a mode sum to 1/a over `longest` steps, and Re(a) is free; else Re(a) = -exp(log_decay), and
// zero_order_hold is the input that is constant within a step, none 1. a begins with the modes of
// the HiPPO matrix LegS. In both directions a second C looks ahead, beginning with the next step.
// Whole sequences are convolutions, chunks of one recurrences: mode_response.h.
// Source: Gupta, Gu & Berant 2022, arXiv 2203.14343. Where we differ: the softmax is over `longest`
// steps and not over those of each sequence, so that a step does not depend on how many follow.

#include <cmath>

#include "baselines/mixers/gated_output.h"
#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/mixer_registry.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "baselines/mixers/state_space/hippo.h"
#include "baselines/mixers/state_space/mode_options.h"
#include "baselines/mixers/state_space/mode_response.h"
#include "kernels/io/option_set.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/spectral/modes/tied_modes.h"

namespace elm {
namespace {

TiedGain gain_of(const OptionSet& options) {
    const auto& name = options.get<std::string>("gain");
    if (name == "softmax") return TiedGain::softmax;
    return name == "none" ? TiedGain::none : TiedGain::zero_order_hold;
}

std::vector<double> first_frequencies(std::int64_t modes, bool logarithms) {
    std::vector<double> all = legendre_modes(modes).frequency;
    if (!logarithms) return all;
    for (double& frequency : all) frequency = std::log(frequency);
    return all;
}

class DssMixer : public SequenceMixer {
public:
    DssMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          gain_(gain_of(options)),
          longest_(options.get<std::int64_t>("longest")),
          states_(options.get<std::int64_t>("states")),
          separate_steps_(options.get<bool>("separate_steps")),
          log_frequency_(options.get<bool>("log_frequency")),
          log_step_(offset("log_step", separate_steps_ ? Shape{2, width()} : Shape{width()},
                           first_steps(options))),
          decay_(offset(gain_ == TiedGain::softmax ? "rate" : "log_decay", {states_},
                        initialise::constant(gain_ == TiedGain::softmax ? -0.5 : std::log(0.5)))),
          frequency_(offset(log_frequency_ ? "log_frequency" : "frequency", {states_},
                            initialise::numbers(first_frequencies(states_, log_frequency_)))),
          output_weight_(table("output_weight", {2, place.causal ? 1 : 2, width(), states_},
                               initialise::normal(0, 1))),
          skip_(parameter("skip", {width()}, initialise::normal(0, 1))),
          output_(
              child("output", std::make_unique<GatedOutput>(options, width(), Activation::gelu))) {}

    MixerTraits traits() const override { return {.state_tensors = 2}; }

    double flops_per_step(std::int64_t steps, bool causal) const override {
        return static_cast<double>(width()) * (causal ? 1 : 2) * convolution_flops(steps);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override {
        const Var step = use(context, log_step_);
        const Modes modes =
            tied_modes(context, gain_, longest_,
                       {separate_steps_ ? step : repeat(context, step, 0, 2), rate(context),
                        planes_of(context, use(context, output_weight_))});
        return output_.forward(context,
                               mode_response(context, modes, use(context, skip_), input, state));
    }

private:
    /// The same for real and imaginary parts at first.
    Initialiser first_steps(const OptionSet& options) const {
        const Initialiser draw =
            initialise::log_steps(options.get<double>("step_min"), options.get<double>("step_max"));
        if (!separate_steps_) return draw;
        return [draw](Stream& stream, const Tensor& to, const RandomKey& key) {
            draw(stream, to.rows(0, 1), key);
            draw(stream, to.rows(1, 2), key);
        };
    }

    ComplexVar rate(Context& context) const {
        const Var decay = use(context, decay_), frequency = use(context, frequency_);
        return {gain_ == TiedGain::softmax
                    ? decay
                    : scale(context, activate(context, decay, Activation::exp), -1),
                log_frequency_ ? activate(context, frequency, Activation::exp) : frequency};
    }

    TiedGain gain_;
    std::int64_t longest_, states_;
    bool separate_steps_, log_frequency_;
    ModuleParameter& log_step_;
    ModuleParameter& decay_;
    ModuleParameter& frequency_;
    ModuleParameter& output_weight_;  // real parts, then imaginary parts
    ModuleParameter& skip_;
    GatedOutput& output_;
};

OptionSet options() {
    OptionSet options;
    options.declare({.name = "states",
                     .value = std::int64_t{64},
                     .help = "complex states, which all features share",
                     .lowest = 1,
                     .highest = 4096});
    options.declare({.name = "gain",
                     .value = std::string("softmax"),
                     .help = "what scales the exponentials of a mode",
                     .choices = {"softmax", "zero_order_hold", "none"}});
    options.declare({.name = "longest",
                     .value = std::int64_t{1024},
                     .help = "steps that a softmax is over",
                     .unit = "steps",
                     .lowest = 1,
                     .highest = 1 << 24});
    options.declare({.name = "separate_steps",
                     .value = true,
                     .help = "real and imaginary parts of the modes have steps of their own"});
    options.declare({.name = "log_frequency",
                     .value = false,
                     .help = "frequencies are stored as their logarithms"});
    initialise::declare_log_steps(options);
    GatedOutput::declare(options, "linear");
    return options;
}

}  // namespace

MixerEntry dss_mixer() {
    return {.name = "dss",
            .summary = "diagonal state spaces with shared modes (DSS)",
            .source = "Gupta et al. 2022, arXiv 2203.14343",
            .options = options,
            .make = make_mixer_of<DssMixer>,
            .learning_rate = state_space_learning_rates};
}

}  // namespace elm

// Liquid-S4 as its equations are published: a diagonal state space for each feature whose decay
// follows the input (x: states, u: input, *: element by element):
//   x[t] = (Ā + B̄ u[t]) * x[t-1] + B̄ u[t]       y[t] = 2 Re sum of C x[t] + D u[t]
// over N / 2 kept modes of conjugate pairs, with Ā and B̄ of A = -exp(log_decay) + i frequency and B
// in steps of exp(log_step) by the bilinear rule, then a gated output (gated_output.h). Written
// out, it is the convolution of u and those of its products, B̄^p u[s] u[s'] ... A and B begin as
// those of the HiPPO matrix LegS without its correction of rank 1. Nothing in these equations keeps
// r = Ā + B̄ u within the unit circle: beyond it for long, as under inputs of one sign, states grow
// until they are no numbers. `bounded` takes r / max(1, |r|). Source: Hasani et al. 2023, arXiv
// 2209.12951, section 3. The authors' released code computes another operation:
// liquid_s4_released.cpp.

#include <cmath>

#include "baselines/mixers/gated_output.h"
#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/mixer_registry.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "baselines/mixers/state_space/legendre_values.h"
#include "baselines/mixers/state_space/mode_options.h"
#include "kernels/io/option_set.h"
#include "kernels/ops/basic/tabulate.h"
#include "kernels/ops/scan/state_space/liquid_scan.h"
#include "kernels/ops/spectral/modes/mode_decay.h"

namespace elm {
namespace {

class LiquidS4Mixer : public SequenceMixer {
public:
    LiquidS4Mixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          modes_(modes_of(options)),
          rows_(rows_of(options, place.width)),
          bounded_(options.get<bool>("bounded")),
          log_step_(offset("log_step", {width()},
                           initialise::log_steps(options.get<double>("step_min"),
                                                 options.get<double>("step_max")))),
          log_decay_(offset("log_decay", {rows_, modes_}, initialise::constant(std::log(0.5)))),
          frequency_(offset("frequency", {rows_, modes_},
                            initialise::legendre_frequencies(rows_, modes_))),
          input_weight_(offset("input_weight", {2, rows_, modes_},
                               initialise::legendre_inputs(rows_, modes_))),
          output_weight_(
              table("output_weight", {2, modes_, width()}, initialise::normal(0, std::sqrt(0.5)))),
          skip_(parameter("skip", {width()}, initialise::normal(0, 1))),
          output_(
              child("output", std::make_unique<GatedOutput>(options, width(), Activation::gelu))) {}

    MixerTraits traits() const override { return {.self_noncausal = false, .state_tensors = 2}; }

    double flops_per_step(std::int64_t, bool) const override {
        return 18 * static_cast<double>(width()) * static_cast<double>(modes_);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override {
        const Var& u = input.sequence;
        const DecayingModes modes = discrete(context, u.value.dtype());
        const Shape of_states{u.value.shape()[0], modes_, width()};
        const DType dtype = u.value.dtype();
        const ComplexVar initial{state_or_zeros(context, state, of_states, dtype),
                                 state_or_zeros(context, state, of_states, dtype)};
        const LiquidScanResult result =
            liquid_scan(context, {.input = u,
                                  .decay = modes.decay,
                                  .gain = modes.weight,
                                  .weight = planes_of(context, use(context, output_weight_)),
                                  .initial = initial,
                                  .bounded = bounded_});
        if (state != nullptr) {
            state->keep(result.final.real.value);
            state->keep(result.final.imag.value);
        }
        return output_.forward(context, add_skip(context, result.output, u, use(context, skip_)));
    }

private:
    /// Ā and, as weights of an output that is 1, B̄; both (modes, width).
    DecayingModes discrete(Context& context, DType dtype) const {
        const Shape of_output{1, width(), modes_};
        const Var one{tabulate(context.stream, of_output, dtype, [](std::int64_t) { return 1.0; })};
        const Var nothing{Tensor::zeros(context.stream, of_output, dtype)};
        const Modes modes = discretised_modes(context, Discretisation::bilinear,
                                              {use(context, log_step_),
                                               use(context, log_decay_),
                                               use(context, frequency_),
                                               planes_of(context, use(context, input_weight_)),
                                               {one, nothing}});
        return decaying_modes(context, modes, dtype);
    }

    std::int64_t modes_, rows_;
    bool bounded_;
    ModuleParameter& log_step_;
    ModuleParameter& log_decay_;
    ModuleParameter& frequency_;
    ModuleParameter& input_weight_;   // real parts, then imaginary parts
    ModuleParameter& output_weight_;  // the same
    ModuleParameter& skip_;
    GatedOutput& output_;
};

OptionSet options() {
    OptionSet options;
    options.declare({.name = "states",
                     .value = std::int64_t{64},
                     .help = "states of each feature, two for each pair of modes",
                     .lowest = 2,
                     .highest = 4096});
    options.declare({.name = "rows",
                     .value = std::int64_t{0},
                     .help = "sets of modes that features share in turn; 0: each has its own",
                     .lowest = 0,
                     .highest = 65536});
    options.declare({.name = "bounded",
                     .value = true,
                     .help = "a decay that the input drives beyond 1 stays at 1, so that states do "
                             "not grow; false: the published equations"});
    initialise::declare_log_steps(options);
    GatedOutput::declare(options, "full_glu");
    return options;
}

}  // namespace

MixerEntry liquid_s4_mixer() {
    return {.name = "liquid_s4",
            .summary = "state spaces whose decay follows the input (Liquid-S4)",
            .source = "Hasani et al. 2023, arXiv 2209.12951",
            .options = options,
            .make = make_mixer_of<LiquidS4Mixer>,
            .learning_rate = state_space_learning_rates};
}

}  // namespace elm

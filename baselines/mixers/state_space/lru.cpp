// LRU, the linear recurrent unit: N complex states with many inputs and many outputs
//   x[t] = decay * x[t-1] + exp(gamma) * (B u[t])    y[t] = Re(C x[t]) + D u[t]
//   decay = exp(-exp(nu) + i exp(theta))
// then a gated output (gated_output.h). The decays begin uniform on the ring r_min <= |decay| <=
// r_max, up to a phase, and exp(gamma) = sqrt(1 - |decay|^2), so that states have the size of the
// input. In both directions a second C reads a recurrence from the end.
// Source: Orvieto et al. 2023, arXiv 2303.06349, section 3 and appendix A.

#include <cmath>
#include <numbers>

#include "baselines/mixers/gated_output.h"
#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/mixer_registry.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/spectral/modes/diagonal_decay.h"

namespace elm {
namespace {

/// nu and, of the same draws, gamma.
struct Ring {
    std::vector<double> nu, gamma;

    Ring(const OptionSet& options, const MixerPlace& place, std::int64_t states) {
        const double inner = options.get<double>("r_min"), outer = options.get<double>("r_max");
        ELM_CHECK(inner < outer, "r_min must be below r_max (got {} and {})", inner, outer);
        const RandomKey key = RandomKey{place.seed}
                                  .for_purpose("lru ring")
                                  .for_part(static_cast<std::uint32_t>(place.layer));
        for (std::int64_t n = 0; n < states; ++n) {
            const double u = (unit_uniform<double>(random_word(key, n)) + 0x1p-33);  // never 0
            const double square = u * (outer * outer - inner * inner) + inner * inner;
            nu.push_back(std::log(-0.5 * std::log(square)));
            gamma.push_back(0.5 * std::log1p(-square));
        }
    }
};

class LruMixer : public SequenceMixer {
public:
    LruMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          states_(options.get<std::int64_t>("states")),
          ring_(options, place, states_),
          nu_(offset("nu", {states_}, initialise::numbers(ring_.nu))),
          theta_(offset("theta", {states_}, phases(options.get<double>("max_phase")))),
          gamma_(offset("gamma", {states_}, initialise::numbers(ring_.gamma))),
          input_weight_(
              parameter("input_weight", {2, width(), states_},
                        initialise::normal(0, 1 / std::sqrt(2 * static_cast<double>(width()))))),
          output_weight_(
              parameter("output_weight", {2, width(), (place.causal ? 1 : 2) * states_},
                        initialise::normal(0, 1 / std::sqrt(static_cast<double>(states_))))),
          skip_(parameter("skip", {width()}, initialise::normal(0, 1))),
          output_(child("output",
                        std::make_unique<GatedOutput>(options, width(), Activation::gelu_tanh))) {}

    MixerTraits traits() const override { return {.state_tensors = 2}; }

    double flops_per_step(std::int64_t, bool causal) const override {
        return 8 * static_cast<double>(states_) * (causal ? 1 : 2);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override {
        const Var gain = activate(context, use(context, gamma_), Activation::exp);
        const ComplexVar b = planes_of(context, use(context, input_weight_));
        const ComplexVar c = planes_of(context, use(context, output_weight_));
        const auto columns = [&](std::int64_t begin) {
            return ComplexVar{slice(context, c.real, 1, begin, begin + states_),
                              slice(context, c.imag, 1, begin, begin + states_)};
        };
        ComplexRecurrence recurrence{
            .decay = polar_decay(context, use(context, nu_), use(context, theta_)),
            .input_weight = {multiply(context, b.real, gain), multiply(context, b.imag, gain)},
            .output_weight = input.causal ? c : columns(0)};
        if (!input.causal) recurrence.backward_output_weight = columns(states_);
        const Var read = recurrence.run(context, input, state);
        return output_.forward(context,
                               add_skip(context, read, input.sequence, use(context, skip_)));
    }

private:
    static Initialiser phases(double largest) {
        return initialise::of_uniform(0, 1, [largest](double u) {
            return std::log(largest * (u + 0x1p-33));  // never log 0
        });
    }

    std::int64_t states_;
    Ring ring_;
    ModuleParameter& nu_;
    ModuleParameter& theta_;
    ModuleParameter& gamma_;
    ModuleParameter& input_weight_;   // real parts of B transposed, then imaginary parts
    ModuleParameter& output_weight_;  // of C, or of both C side by side
    ModuleParameter& skip_;
    GatedOutput& output_;
};

OptionSet options() {
    OptionSet options;
    options.declare({.name = "states",
                     .value = std::int64_t{64},
                     .help = "complex states",
                     .lowest = 1,
                     .highest = 65536});
    options.declare({.name = "r_min",
                     .value = 0.9,
                     .help = "least size of a decay at first",
                     .lowest = 0,
                     .highest = 0.999999});
    options.declare({.name = "r_max",
                     .value = 0.999,
                     .help = "largest size of a decay at first",
                     .lowest = 1e-6,
                     .highest = 0.999999});
    options.declare({.name = "max_phase",
                     .value = 2 * std::numbers::pi,
                     .help = "largest phase of a decay at first, in a step",
                     .unit = "rad",
                     .lowest = 1e-6,
                     .highest = 2 * std::numbers::pi});
    GatedOutput::declare(options, "full_glu");
    return options;
}

}  // namespace

MixerEntry lru_mixer() {
    return {.name = "lru",
            .summary = "linear recurrent units (LRU)",
            .source = "Orvieto et al. 2023, arXiv 2303.06349",
            .options = options,
            .make = make_mixer_of<LruMixer>};
}

}  // namespace elm

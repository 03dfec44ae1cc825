// minGRU: a gated recurrent unit whose gate and candidate follow the input alone, so that its
// states are a scan (s: sigmoid, *: element by element):
//   z = s(W_z u + b_z)    c = g(W_c u + b_c)    g(x) = x + 1/2 above 0, s(x) below
//   h[t] = (1 - z) * h[t-1] + z * c             y = W_y h + b_y
// with `expand` times the width as hidden units, from h = 0.
// Source: Feng et al. 2024, "Were RNNs all we needed?", arXiv 2410.01201, section 3.1 and, for g,
// appendix B. Where we differ: the scan runs over h, not over its logarithm.

#include "baselines/mixers/mixer_registry.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/scan/state_space/diagonal_scan.h"

namespace elm {
namespace {

class MinGruMixer : public SequenceMixer {
public:
    MinGruMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          hidden_(options.get<std::int64_t>("expand") * place.width),
          gate_(child("gate", std::make_unique<Linear>(place.width, hidden_))),
          candidate_(child("candidate", std::make_unique<Linear>(place.width, hidden_))),
          output_(child("output", std::make_unique<Linear>(hidden_, place.width))) {}

    MixerTraits traits() const override { return {.self_noncausal = false, .state_tensors = 1}; }

    double flops_per_step(std::int64_t, bool) const override {
        return 4 * static_cast<double>(hidden_);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override {
        const Var gate = gate_.forward(context, input.sequence);
        const Var opens = activate(context, gate, Activation::sigmoid);
        const Var keeps = activate(context, scale(context, gate, -1), Activation::sigmoid);
        const Var candidate = positive(context, candidate_.forward(context, input.sequence));
        const Var initial =
            state_or_zeros(context, state, {gate.value.shape()[0], hidden_}, gate.value.dtype());
        const Var hidden =
            diagonal_scan(context, keeps, multiply(context, opens, candidate), initial);
        if (state != nullptr) state->keep(last_step(context, hidden, initial));
        return output_.forward(context, hidden);
    }

private:
    /// g = max(x, 0) + s(min(x, 0)).
    static Var positive(Context& context, const Var& x) {
        const Var above = activate(context, x, Activation::relu);
        return add(context, above,
                   activate(context, subtract(context, x, above), Activation::sigmoid));
    }

    std::int64_t hidden_;
    Linear& gate_;
    Linear& candidate_;
    Linear& output_;
};

OptionSet options() {
    OptionSet options;
    options.declare({.name = "expand",
                     .value = std::int64_t{1},
                     .help = "hidden units for each feature of the width",
                     .lowest = 1,
                     .highest = 64});
    return options;
}

}  // namespace

MixerEntry min_gru_mixer() {
    return {.name = "min_gru",
            .summary = "minimal gated recurrent units (minGRU)",
            .source = "Feng et al. 2024, arXiv 2410.01201",
            .options = options,
            .make = make_mixer_of<MinGruMixer>};
}

}  // namespace elm

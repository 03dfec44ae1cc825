// Mamba: a state space whose step size, input weights and output weights follow the input (S6),
// with a short causal convolution before it and a gate behind it (f: silu, *: element by element):
//   v, z = W_in u                 v = f(convolution of v over `taps` steps)
//   r, B, C = W_x v               delta = softplus(W_dt r + b)
//   h[t] = exp(delta A) h[t-1] + (delta v) B      s = C h + D v      y = W_out (s * f(z))
// with A = -exp(A_log) (inner, states), inner = expand width, and r of `rank` features. Equations
// of the scan: kernels/ops/scan/selective_scan.h. Source: Gu & Dao 2023, arXiv 2312.00752,
// sections 3.3 to 3.6; names of parameters, shapes and first values as in the authors' code.

#include <cmath>

#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/mixer_registry.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "baselines/mixers/state_space/short_convolution.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/product/matmul.h"
#include "kernels/ops/scan/selective_scan.h"

namespace elm {
namespace {

/// log(1), log(2), ..., log(states) for each row.
Initialiser log_ranks(std::int64_t rows, std::int64_t states) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < rows * states; ++i) {
        values.push_back(std::log(static_cast<double>(i % states + 1)));
    }
    return initialise::numbers(std::move(values));
}

class MambaMixer : public SequenceMixer {
public:
    MambaMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          inner_(options.get<std::int64_t>("expand") * place.width),
          states_(options.get<std::int64_t>("states")),
          taps_(options.get<std::int64_t>("taps")),
          rank_(rank_of(options, place.width)),
          in_(child("in_proj", std::make_unique<Linear>(place.width, 2 * inner_, false))),
          convolution_weight_(
              parameter("conv_weight", {inner_, taps_}, initialise::uniform_fan_in(taps_))),
          convolution_bias_(offset("conv_bias", {inner_}, initialise::uniform_fan_in(taps_))),
          x_(child("x_proj", std::make_unique<Linear>(inner_, rank_ + 2 * states_, false))),
          step_weight_(parameter("dt_weight", {inner_, rank_}, initialise::uniform_fan_in(rank_))),
          step_bias_(offset("dt_bias", {inner_},
                            initialise::softplus_steps(options.get<double>("step_min"),
                                                       options.get<double>("step_max")))),
          log_rate_(offset("A_log", {inner_, states_}, log_ranks(inner_, states_))),
          skip_(offset("D", {inner_}, initialise::constant(1))),
          out_(child("out_proj", std::make_unique<Linear>(inner_, place.width, false))) {}

    MixerTraits traits() const override { return {.self_noncausal = false, .state_tensors = 2}; }

    double flops_per_step(std::int64_t, bool) const override {
        return static_cast<double>(inner_) * static_cast<double>(9 * states_);
    }
    void require_device(const DeviceLimits& device, DType) const override {
        require_selective_scan_fits(device, states_);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override {
        const Var both = in_.forward(context, input.sequence);
        const Var gate =
            activate(context, slice(context, both, -1, inner_, 2 * inner_), Activation::silu);
        const Var convolved = short_convolution(context, slice(context, both, -1, 0, inner_),
                                                use(context, convolution_weight_),
                                                use(context, convolution_bias_), state);
        const Var values = activate(context, convolved, Activation::silu);
        const Var scanned = scan(context, values, state);
        return out_.forward(context, multiply(context, scanned, gate));
    }

private:
    static std::int64_t rank_of(const OptionSet& options, std::int64_t width) {
        const auto rank = options.get<std::int64_t>("rank");
        return rank > 0 ? rank : (width + 15) / 16;
    }

    Var scan(Context& context, const Var& values, StateCursor* state) const {
        const Var projected = x_.forward(context, values);
        const Var delta = activate(context,
                                   linear(context, slice(context, projected, -1, 0, rank_),
                                          use(context, step_weight_), use(context, step_bias_)),
                                   Activation::softplus);
        const Var b = slice(context, projected, -1, rank_, rank_ + states_);
        const Var c = slice(context, projected, -1, rank_ + states_, rank_ + 2 * states_);
        const Var rate = scale(
            context,
            activate(context, transpose(context, use(context, log_rate_), 0, 1), Activation::exp),
            -1);
        const Var initial = state_or_zeros(
            context, state, {values.value.shape()[0], states_, inner_}, values.value.dtype());
        const std::vector<Var> results =
            selective_scan(context, {values, delta, rate, b, c, use(context, skip_), initial});
        if (state != nullptr) state->keep(results[1].value);
        return results[0];
    }

    std::int64_t inner_, states_, taps_, rank_;
    Linear& in_;
    ModuleParameter& convolution_weight_;
    ModuleParameter& convolution_bias_;
    Linear& x_;
    ModuleParameter& step_weight_;
    ModuleParameter& step_bias_;
    ModuleParameter& log_rate_;
    ModuleParameter& skip_;
    Linear& out_;
};

OptionSet options() {
    OptionSet options;
    const auto whole = [&](const char* name, std::int64_t value, const char* help, double lowest,
                           double highest) {
        options.declare(
            {.name = name, .value = value, .help = help, .lowest = lowest, .highest = highest});
    };
    whole("states", 16, "states of each inner feature", 1, 4096);
    whole("expand", 2, "inner features for each one of the width", 1, 64);
    whole("taps", 4, "steps that the convolution sees", 1, 64);
    whole("rank", 0, "features that step sizes are made of; 0: a sixteenth of the width", 0, 65536);
    initialise::declare_log_steps(options);
    return options;
}

}  // namespace

MixerEntry mamba_mixer() {
    return {.name = "mamba",
            .summary = "selective state spaces (Mamba)",
            .source = "Gu & Dao 2023, arXiv 2312.00752",
            .options = options,
            .make = make_mixer_of<MambaMixer>};
}

}  // namespace elm

// Mamba: a state space whose step size, input weights and output weights follow the input (S6),
// with a short causal convolution before it and a gate behind it (f: silu, *: element by element):
//   v, z = W_in u                 v = f(convolution of v over `taps` steps)
//   r, B, C = W_x v               delta = softplus(W_dt r + b)
//   h[t] = exp(delta A) h[t-1] + (delta v) B      s = C h + D v      y = W_out (s * f(z))
// with A = -exp(A_log) (inner, states), inner = expand width, and r of `rank` features. Equations
// of the scan: kernels/ops/scan/state_space/selective_scan.h. With `complex_states` A = -exp(A_log)
// + i A_imag, W_x gives real parts of B and of C before their imaginary parts, and s is that of
// complex_selective_scan.h. Source: Gu & Dao 2023, arXiv 2312.00752, sections 3.3 to 3.6; names of
// parameters, shapes and first values as in the authors' code, those of complex rates as in 3.6.

#include <cmath>

#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/mixer_registry.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "baselines/mixers/state_space/complex_selective_scan.h"
#include "baselines/mixers/state_space/short_convolution.h"
#include "kernels/io/option_set.h"
#include "kernels/io/whole_option.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/product/matmul.h"
#include "kernels/ops/scan/state_space/selective_scan.h"

namespace elm {
namespace {

/// first(0), first(1), ..., first(states - 1) for each row.
template <class First>
Initialiser in_rows(std::int64_t rows, std::int64_t states, const First& first) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < rows * states; ++i) {
        values.push_back(first(static_cast<double>(i % states)));
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
          complex_(options.get<bool>("complex_states")),
          weights_(complex_ ? 2 * states_ : states_),
          in_(child("in_proj", std::make_unique<Linear>(place.width, 2 * inner_, false))),
          convolution_weight_(
              parameter("conv_weight", {inner_, taps_}, initialise::uniform_fan_in(taps_))),
          convolution_bias_(offset("conv_bias", {inner_}, initialise::uniform_fan_in(taps_))),
          x_(child("x_proj", std::make_unique<Linear>(inner_, rank_ + 2 * weights_, false))),
          step_weight_(parameter("dt_weight", {inner_, rank_}, initialise::uniform_fan_in(rank_))),
          step_bias_(offset("dt_bias", {inner_},
                            initialise::softplus_steps(options.get<double>("step_min"),
                                                       options.get<double>("step_max")))),
          log_rate_(offset("A_log", {inner_, states_},
                           in_rows(inner_, states_,
                                   [this](double n) { return std::log(complex_ ? 0.5 : n + 1); }))),
          frequency_(complex_ ? &offset("A_imag", {inner_, states_},
                                        in_rows(inner_, states_, [](double n) { return n; }))
                              : nullptr),
          skip_(offset("D", {inner_}, initialise::constant(1))),
          out_(child("out_proj", std::make_unique<Linear>(inner_, place.width, false))) {}

    MixerTraits traits() const override {
        return {.self_noncausal = false, .state_tensors = complex_ ? 3U : 2U};
    }

    double flops_per_step(std::int64_t, bool) const override {
        return static_cast<double>(inner_) * static_cast<double>((complex_ ? 24 : 9) * states_);
    }
    void require_device(const DeviceLimits& device, DType) const override {
        if (!complex_) require_selective_scan_fits(device, states_);
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
        // B, then C; of complex ones real parts, then imaginary parts.
        const auto weight = [&](std::int64_t index) {
            const std::int64_t begin = rank_ + index * states_;
            return slice(context, projected, -1, begin, begin + states_);
        };
        const auto by_state = [&](ModuleParameter& parameter) {
            return transpose(context, use(context, parameter), 0, 1);
        };
        const Var rate =
            scale(context, activate(context, by_state(log_rate_), Activation::exp), -1);
        if (complex_) {
            const ComplexSelectiveScan selective{.input = values,
                                                 .delta = delta,
                                                 .rate = {rate, by_state(*frequency_)},
                                                 .input_weight = {weight(0), weight(1)},
                                                 .output_weight = {weight(2), weight(3)},
                                                 .skip = use(context, skip_)};
            return selective.run(context, state);
        }
        const Var initial = state_or_zeros(
            context, state, {values.value.shape()[0], states_, inner_}, values.value.dtype());
        const Var b = weight(0), c = weight(1), skip = use(context, skip_);
        const std::vector<Var> results =
            selective_scan(context, {values, delta, rate, b, c, skip, initial});
        if (state != nullptr) state->keep(results[1].value);
        return results[0];
    }

    std::int64_t inner_, states_, taps_, rank_;
    bool complex_;
    std::int64_t weights_;  // numbers of B in a step
    Linear& in_;
    ModuleParameter& convolution_weight_;
    ModuleParameter& convolution_bias_;
    Linear& x_;
    ModuleParameter& step_weight_;
    ModuleParameter& step_bias_;
    ModuleParameter& log_rate_;
    ModuleParameter* frequency_;  // null: rates are real
    ModuleParameter& skip_;
    Linear& out_;
};

OptionSet options() {
    OptionSet options;
    options.declare(whole_option("states", 16, "states of each inner feature", 1, 4096));
    options.declare(whole_option("expand", 2, "inner features for each one of the width", 1, 64));
    options.declare(whole_option("taps", 4, "steps that the convolution sees", 1, 64));
    options.declare(whole_option(
        "rank", 0, "features that step sizes are made of; 0: a sixteenth of the width", 0, 65536));
    options.declare({.name = "complex_states",
                     .value = false,
                     .help = "states are complex, one of each conjugate pair"});
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

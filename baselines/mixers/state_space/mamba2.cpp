// Mamba-2: a state space with one decay for each head of `inner / heads` features, whose steps,
// input weights and output weights follow the input (f: silu, *: element by element, N: root mean
// square 1 over all inner features, with a gain):
//   z, v, B, C, r = W_in u          v, B, C = f(convolution of them over `taps` steps)
//   delta = softplus(r + b)         a = -exp(A_log) delta
//   M[t] = exp(a) M[t-1] + (delta v) Bᵀ      s = M C + D v      y = W_out N(s * f(z))
// with inner = expand width; B and C, of `states` features, are shared by the heads of a group. In
// chunks M is read by products of matrices: kernels/ops/scan/decaying/decaying_attention.h.
// Source: Dao & Gu 2024, arXiv 2405.21060, sections 6 and 7; names of parameters, shapes and first
// values as in the authors' code, there of the class Mamba2Simple.

#include <cmath>

#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/mixer_registry.h"
#include "baselines/mixers/state_space/short_convolution.h"
#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"
#include "kernels/io/whole_option.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/normalise.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/scan/decaying/decaying_attention.h"

namespace elm {
namespace {

class Mamba2Mixer : public SequenceMixer {
public:
    Mamba2Mixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          inner_(options.get<std::int64_t>("expand") * place.width),
          states_(options.get<std::int64_t>("states")),
          heads_(heads_of(options, inner_)),
          groups_(groups_of(options, heads_)),
          taps_(options.get<std::int64_t>("taps")),
          chunk_(options.get<std::int64_t>("chunk")),
          in_(child("in_proj", std::make_unique<Linear>(
                                   place.width, inner_ + convolved_width() + heads_, false))),
          convolution_weight_(parameter("conv_weight", {convolved_width(), taps_},
                                        initialise::uniform_fan_in(taps_))),
          convolution_bias_(
              offset("conv_bias", {convolved_width()}, initialise::uniform_fan_in(taps_))),
          step_bias_(offset("dt_bias", {heads_},
                            initialise::softplus_steps(options.get<double>("step_min"),
                                                       options.get<double>("step_max")))),
          log_rate_(offset("A_log", {heads_},
                           initialise::of_uniform(1, 16, [](double u) { return std::log(u); }))),
          skip_(offset("D", {heads_}, initialise::constant(1))),
          norm_(offset("norm_weight", {inner_}, initialise::constant(1))),
          out_(child("out_proj", std::make_unique<Linear>(inner_, place.width, false))) {}

    MixerTraits traits() const override { return {.self_noncausal = false, .state_tensors = 2}; }

    double flops_per_step(std::int64_t steps, bool) const override {
        return decaying_attention_flops(heads_, states_, inner_ / heads_, chunk_, steps);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override {
        const Var all = in_.forward(context, input.sequence);
        const std::int64_t end = inner_ + convolved_width();
        const Var gate = activate(context, slice(context, all, -1, 0, inner_), Activation::silu);
        const Var convolved = short_convolution(context, slice(context, all, -1, inner_, end),
                                                use(context, convolution_weight_),
                                                use(context, convolution_bias_), state);
        const Var values = activate(context, convolved, Activation::silu);
        const Var steps = activate(
            context,
            add(context, slice(context, all, -1, end, end + heads_), use(context, step_bias_)),
            Activation::softplus);
        const Var gated = multiply(context, scanned(context, values, steps, state), gate);
        constexpr double epsilon = 1e-5;  // as in the authors' code
        return out_.forward(context, rms_norm(context, gated, use(context, norm_), epsilon));
    }

private:
    static std::int64_t heads_of(const OptionSet& options, std::int64_t inner) {
        const auto heads = options.get<std::int64_t>("heads");
        ELM_CHECK(inner % heads == 0,
                  "{} inner features are divided among {} heads: expected a number that divides "
                  "them",
                  inner, heads);
        return heads;
    }
    static std::int64_t groups_of(const OptionSet& options, std::int64_t heads) {
        const auto groups = options.get<std::int64_t>("groups");
        ELM_CHECK(heads % groups == 0,
                  "{} heads are divided into {} groups: expected a number that divides them", heads,
                  groups);
        return groups;
    }
    /// Of v, B and C.
    std::int64_t convolved_width() const { return inner_ + 2 * groups_ * states_; }

    /// s, with the skip.
    Var scanned(Context& context, const Var& values, const Var& steps, StateCursor* state) const {
        const Shape& shape = values.value.shape();
        const std::int64_t width = inner_ / heads_;
        const Shape by_head{shape[0], shape[1], heads_, width};
        const Var v = reshape(context, slice(context, values, -1, 0, inner_), by_head);
        const Var drive = multiply(context, v, repeat(context, steps, 3, width));
        const Var rate =
            scale(context, activate(context, use(context, log_rate_), Activation::exp), -1);
        const Tensor before = state == nullptr ? Tensor{} : state->take_tensor();
        Var after;  // wanted where another chunk of time may follow
        const Var read = decaying_attention(
            context, of_heads(context, values, 1), of_heads(context, values, 0),
            reshape(context, drive, {shape[0], shape[1], inner_}), multiply(context, steps, rate),
            {.heads = heads_,
             .chunk = chunk_,
             .start = {before},
             .end = state == nullptr ? nullptr : &after});
        if (state != nullptr) {
            state->keep(after.value.defined()
                            ? after.value
                            : Tensor::zeros(context.stream, {shape[0], heads_, width, states_},
                                            values.value.dtype()));
        }
        const Var skipped = multiply(context, v, repeat(context, use(context, skip_), 1, width));
        return add(context, read, reshape(context, skipped, {shape[0], shape[1], inner_}));
    }

    /// B (0) or C (1) of each head, (batch, time, heads states).
    Var of_heads(Context& context, const Var& values, std::int64_t which) const {
        const Shape& shape = values.value.shape();
        const std::int64_t begin = inner_ + which * groups_ * states_;
        const Var own = slice(context, values, -1, begin, begin + groups_ * states_);
        const Var groups = reshape(context, own, {shape[0] * shape[1], groups_, states_});
        return reshape(context, repeat(context, groups, 2, heads_ / groups_),
                       {shape[0], shape[1], heads_ * states_});
    }

    std::int64_t inner_, states_, heads_, groups_, taps_, chunk_;
    Linear& in_;
    ModuleParameter& convolution_weight_;
    ModuleParameter& convolution_bias_;
    ModuleParameter& step_bias_;
    ModuleParameter& log_rate_;
    ModuleParameter& skip_;
    ModuleParameter& norm_;
    Linear& out_;
};

OptionSet options() {
    OptionSet options;
    options.declare(whole_option("states", 64, "states of each inner feature", 1, 4096));
    options.declare(whole_option("heads", 4, "heads, each with a decay of its own", 1, 4096));
    options.declare(
        whole_option("groups", 1, "groups of heads that share input and output weights", 1, 4096));
    options.declare(whole_option("expand", 2, "inner features for each one of the width", 1, 64));
    options.declare(whole_option("taps", 4, "steps that the convolution sees", 1, 64));
    options.declare(whole_option("chunk", 64,
                                 "steps that are read at once, which changes no result", 1, 65536));
    initialise::declare_log_steps(options);
    return options;
}

}  // namespace

MixerEntry mamba2_mixer() {
    return {.name = "mamba2",
            .summary = "selective state spaces as attention in chunks (Mamba-2)",
            .source = "Dao & Gu 2024, arXiv 2405.21060",
            .options = options,
            .make = make_mixer_of<Mamba2Mixer>};
}

}  // namespace elm

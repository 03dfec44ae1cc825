// Retention: linear attention whose sums decay at a rate of each head (f: silu, N: root mean square
// 1 over a head, R: turned by the position, *: element by element):
//   q = R W_q x    k = R W_k x / sqrt(d)    v = W_v x
//   M[t] = gamma M[t-1] + v[t] k[t]ᵀ        o[t] = M[t] q[t] / sqrt(1 + gamma + ... + gamma^t)
//   y = W_o (f(W_g x) * N(o))               gamma = 1 - 2^(-5-h) of head h
// with d features of a head's queries and keys, and `value_expand` times as many of its values. In
// chunks and step by step the same: kernels/ops/scan/decaying/decaying_attention.h.
// Source: Sun et al. 2023, arXiv 2307.08621; angles, first values and the division by the root as
// in the authors' code (torchscale). Where we differ from that code: pairs of features are halves
// apart, and rows of the parallel form are not divided by the sum of their weights where that is
// above 1, which N takes away but for its epsilon.

#include <cmath>

#include "baselines/mixers/attention/rotation.h"
#include "baselines/mixers/mixer_registry.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"
#include "kernels/io/whole_option.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/normalise.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/basic/tabulate.h"
#include "kernels/ops/product/matmul.h"
#include "kernels/ops/scan/decaying/decaying_attention.h"

namespace elm {
namespace {

constexpr double norm_epsilon = 1e-6;  // as in the authors' code

/// Glorot & Bengio 2010, with a gain.
Initialiser glorot(std::int64_t inputs, std::int64_t outputs, double gain) {
    const double bound = gain * std::sqrt(6 / static_cast<double>(inputs + outputs));
    return initialise::uniform(-bound, bound);
}

/// 1 to 1/10000 in equal ratios.
std::vector<double> frequencies(std::int64_t features) {
    const std::int64_t pairs = features / 2;
    std::vector<double> all;
    for (std::int64_t i = 0; i < pairs; ++i) {
        const double share =
            pairs > 1 ? static_cast<double>(i) / static_cast<double>(pairs - 1) : 0;
        all.push_back(std::pow(10000.0, -share));
    }
    return all;
}

/// In the precision of the authors' code, float32.
double log_decay(std::int64_t head) {
    return static_cast<float>(std::log1p(-std::exp2(-5 - static_cast<double>(head))));
}

class RetentionMixer : public SequenceMixer {
public:
    RetentionMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          heads_(options.get<std::int64_t>("heads")),
          inner_(options.get<std::int64_t>("value_expand") * place.width),
          chunk_(options.get<std::int64_t>("chunk")),
          rotation_(heads_, frequencies(head_features(place.width, heads_))),
          query_(matrix("query", width(), width(), std::exp2(-2.5))),
          key_(matrix("key", width(), width(), std::exp2(-2.5))),
          value_(matrix("value", inner_, width(), std::exp2(-2.5))),
          gate_(matrix("gate", inner_, width(), std::exp2(-2.5))),
          output_(matrix("output", width(), inner_, 0.5)) {}

    MixerTraits traits() const override { return {.self_noncausal = false, .state_tensors = 2}; }

    double flops_per_step(std::int64_t steps, bool) const override {
        return decaying_attention_flops(heads_, width() / heads_, inner_ / heads_, chunk_, steps);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override {
        const Var& x = input.sequence;
        const Shape& shape = x.value.shape();
        const Tensor before = state == nullptr ? Tensor{} : state->take_tensor();
        const Tensor steps = state == nullptr ? Tensor{} : state->take_tensor();
        const std::int64_t begin = steps.defined() ? steps.shape()[1] : 0;
        const Var query = rotation_.turn(context, linear(context, x, use(context, query_)), begin);
        const Var key = rotation_.turn(context, linear(context, x, use(context, key_)), begin);
        const double root = std::sqrt(static_cast<double>(width() / heads_));
        Var after;
        const Var read = decaying_attention(
            context, query, scale(context, key, 1 / root), linear(context, x, use(context, value_)),
            {decays(context.stream, shape[0], shape[1], x.value.dtype())},
            {.heads = heads_, .chunk = chunk_, .start = {before}, .end = &after});
        if (state != nullptr) {
            const Shape matrices{shape[0], heads_, inner_ / heads_, width() / heads_};
            state->keep(after.value.defined()
                            ? after.value
                            : Tensor::zeros(context.stream, matrices, x.value.dtype()));
            // The number of steps so far: an extent of a tensor without elements.
            state->keep(
                Tensor::empty(context.stream, {shape[0], begin + shape[1], 0}, x.value.dtype()));
        }
        const Var gate =
            activate(context, linear(context, x, use(context, gate_)), Activation::silu);
        const Var normal = normalised(context, read, begin);
        return linear(context, multiply(context, gate, normal), use(context, output_));
    }

private:
    static std::int64_t head_features(std::int64_t width, std::int64_t heads) {
        ELM_CHECK(width % (2 * heads) == 0,
                  "retention of width {} has {} heads: expected a number of which twice as much "
                  "divides it, for pairs of features are turned",
                  width, heads);
        return width / heads;
    }

    ModuleParameter& matrix(const std::string& name, std::int64_t outputs, std::int64_t inputs,
                            double gain) {
        return parameter(name + ".weight", {outputs, inputs}, glorot(inputs, outputs, gain));
    }

    /// Logarithms of the decays, (batch, time, heads).
    Tensor decays(Stream& stream, std::int64_t batch, std::int64_t steps, DType dtype) const {
        return tabulate(stream, {batch, steps, heads_}, dtype,
                        [this](std::int64_t at) { return log_decay(at % heads_); });
    }

    /// N(o): (batch, time, inner) from sums that are not yet divided by the root.
    Var normalised(Context& context, const Var& read, std::int64_t begin) const {
        const Shape& shape = read.value.shape();
        const DType dtype = read.value.dtype();
        const Tensor inverse_root =
            tabulate(context.stream, {shape[1], heads_}, dtype, [&](std::int64_t at) {
                const double decay = log_decay(at % heads_);
                const auto count = static_cast<double>(begin + at / heads_ + 1);
                return std::sqrt(std::expm1(decay) / std::expm1(decay * count));
            });
        const std::int64_t values = inner_ / heads_;
        const Var factor = repeat(context, {inverse_root}, 2, values);
        const Var each = reshape(context, read, {shape[0], shape[1], heads_, values});
        const Var ones{tabulate(context.stream, {values}, dtype, [](std::int64_t) { return 1.0; })};
        const Var scaled = multiply(context, each, factor);
        return reshape(context, rms_norm(context, scaled, ones, norm_epsilon), shape);
    }

    std::int64_t heads_, inner_, chunk_;
    Rotation rotation_;
    ModuleParameter& query_;
    ModuleParameter& key_;
    ModuleParameter& value_;
    ModuleParameter& gate_;
    ModuleParameter& output_;
};

OptionSet options() {
    OptionSet options;
    options.declare(whole_option("heads", 4, "heads of retention", 1, 64));
    options.declare(
        whole_option("value_expand", 2, "features of values for each one of the width", 1, 64));
    options.declare(whole_option("chunk", 64,
                                 "steps that are read at once, which changes no result", 1, 65536));
    return options;
}

}  // namespace

MixerEntry retnet_mixer() {
    return {.name = "retnet",
            .summary = "retention (RetNet)",
            .source = "Sun et al. 2023, arXiv 2307.08621",
            .options = options,
            .make = make_mixer_of<RetentionMixer>};
}

}  // namespace elm

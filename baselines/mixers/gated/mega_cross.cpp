// Gated attention of another sequence c, of one head (s: sigmoid, f: silu, *: element by element):
//   u, r, q = W x + b, through s, f and nothing      k = W_k c + b_k      v = f(W_v c + b_v)
//   h = f(W_h (r * attention(q, k, v)) + b_h)
//   y = u * (h - x'), so that x' + y = u * h + (1 - u) * x'   with x' what y will be added to
// Attention weights and what is added to scores are those of gated_attention.h, with positions
// counted from the first step of each sequence. A step sees the whole context and no other step of
// its own sequence: causally and in both directions it is the same.
// Source: Ma et al. 2022, arXiv 2209.10655, as in the authors' code.

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "baselines/mixers/attention/distance_bias.h"
#include "baselines/mixers/gated/weighted_reads.h"
#include "baselines/mixers/mixer_registry.h"
#include "kernels/core/support/error.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"

namespace elm {
namespace {

class MegaCrossMixer : public SequenceMixer {
public:
    MegaCrossMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          kind_(options.get<std::string>("attention")),
          shared_(options.get<std::int64_t>("shared_width")),
          base_(child("base", std::make_unique<Linear>(width(), 2 * width() + shared_))),
          key_(child("key", std::make_unique<Linear>(width(), shared_))),
          value_(child("value", std::make_unique<Linear>(width(), width()))),
          output_(child("output", std::make_unique<Linear>(width(), width()))),
          bias_(child("bias", std::make_unique<DistanceBias>(options, shared_, 0))) {}

    MixerTraits traits() const override {
        constexpr const char* no_self = "it reads another sequence alone; mega reads its own";
        return {.self_noncausal = false,
                .self_causal = false,
                .cross_noncausal = true,
                .cross_causal = true,
                .streams = false,
                .no_noncausal = no_self,
                .no_causal = no_self};
    }
    void require_device(const DeviceLimits& device, DType) const override {
        if (kind_ != "softmax" || device.kind == DeviceKind::cpu) return;
        if (std::max(shared_, width()) <= attention_device_features) return;
        throw Error(ErrorKind::unsupported,
                    fmt::format("mega_cross: {} features by softmax, on CUDA at most {}. Use a "
                                "smaller width, or another attention.",
                                std::max(shared_, width()), attention_device_features));
    }
    double flops_per_step(std::int64_t steps, bool) const override {
        return 2 * static_cast<double>(shared_ + width()) * static_cast<double>(steps);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor*) override {
        const Var base = base_.forward(context, input.sequence);
        const auto part = [&](std::int64_t begin, std::int64_t count, Activation function) {
            return activate(context, slice(context, base, -1, begin, begin + count), function);
        };
        const Var update = part(0, width(), Activation::sigmoid);
        const Var reset = part(width(), width(), Activation::silu);
        const Var query = slice(context, base, -1, 2 * width(), 2 * width() + shared_);
        const Var read = read_weighted(
            context, kind_,
            {query, key_.forward(context, input.context),
             activate(context, value_.forward(context, input.context), Activation::silu),
             bias_of(context, input), input.context_lengths});
        const Var candidate = activate(
            context, output_.forward(context, multiply(context, reset, read)), Activation::silu);
        const Var& around = input.around.value.defined() ? input.around : input.sequence;
        return multiply(context, update, subtract(context, candidate, around));
    }

private:
    /// (queries, keys)
    Var bias_of(Context& context, const MixerInput& input) const {
        const std::int64_t queries = input.sequence.value.shape()[1];
        const std::int64_t keys = input.context.value.shape()[1];
        const Var square = bias_.table(context, 0, std::max(queries, keys));
        return slice(context, slice(context, square, 0, 0, queries), 1, 0, keys);
    }

    std::string kind_;
    std::int64_t shared_;
    Linear& base_;
    Linear& key_;
    Linear& value_;
    Linear& output_;
    DistanceBias& bias_;
};

OptionSet options() {
    OptionSet options;
    declare_weights(options);
    options.declare({.name = "shared_width",
                     .value = std::int64_t{32},
                     .help = "features of queries and keys",
                     .lowest = 1,
                     .highest = 4096});
    DistanceBias::declare(options);
    return options;
}

}  // namespace

MixerEntry mega_cross_mixer() {
    return {.name = "mega_cross",
            .summary = "gated attention of another sequence (Mega)",
            .source = "Ma et al. 2022, arXiv 2209.10655",
            .options = options,
            .make = make_mixer_of<MegaCrossMixer>};
}

}  // namespace elm

// Attention of a few mixtures of all steps:
//   K' = Eᵀ K, V' = Eᵀ V      y = W_o softmax(Q K'ᵀ / sqrt(d)) V', each head by itself
// with E (longest, rank), of which a sequence of n steps takes the first n rows, one for keys,
// values and all heads. Every mixture holds all steps, so there is no causal form. E begins normal
// with a deviation of 1 / sqrt(rank). Source: Wang et al. 2020, arXiv 2006.04768, with one E as in
// the public code of Tay et al. 2021, arXiv 2011.04006. Where we differ from that code: padding
// counts for nothing.

#include <cmath>
#include <memory>

#include "baselines/mixers/attention/heads.h"
#include "baselines/mixers/padding.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

class LinformerMixer : public SequenceMixer {
public:
    LinformerMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          projections_(options, place.width, true,
                       [this](const char* name, std::unique_ptr<Linear> linear) -> Linear& {
                           return child(name, std::move(linear));
                       }),
          projection_(table(
              "projection",
              {options.get<std::int64_t>("longest"), options.get<std::int64_t>("rank")},
              initialise::normal(
                  0, 1 / std::sqrt(static_cast<double>(options.get<std::int64_t>("rank")))))) {}

    MixerTraits traits() const override {
        return {.self_causal = false,
                .cross_noncausal = true,
                .cross_causal = true,
                .streams = false,
                .no_causal = "every mixture holds all steps, later ones too"};
    }
    /// Both mixtures, and attention of them.
    double flops_per_step(std::int64_t, bool) const override {
        return 8.0 * static_cast<double>(projections_.inner * projection_.shape[1]);
    }
    void require_device(const DeviceLimits& device, DType) const override {
        require_attention_fits(device, projections_.inner / projections_.heads);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor*) override {
        const HeadProjections::Rows rows = projections_.rows(context, input);
        const Var key = mixtures(context, rows.key, input.source_lengths());
        const Var value = mixtures(context, rows.value, input.source_lengths());
        return projections_.output(
            context, attention(context, rows.query, key, value, {.heads = projections_.heads}));
    }

private:
    /// (batch, time, inner) → (batch, rank, inner)
    Var mixtures(Context& context, const Var& rows, const Tensor& lengths) const {
        const Shape shape = rows.value.shape();
        const std::int64_t longest = projection_.shape[0], rank = projection_.shape[1];
        ELM_CHECK(shape[1] <= longest,
                  "a sequence of {} steps was given to a linformer for at most {}. Set longest to "
                  "the longest sequence.",
                  shape[1], longest);
        const Var weights =
            transpose(context, slice(context, use(context, projection_), 0, 0, shape[1]), 0, 1);
        const Var by_step =
            reshape(context, transpose(context, without_padding(context, rows, lengths), 0, 1),
                    {shape[1], shape[0] * shape[2]});
        const Var mixed =
            reshape(context, matmul(context, weights, by_step), {rank, shape[0], shape[2]});
        return transpose(context, mixed, 0, 1);
    }

    HeadProjections projections_;
    ModuleParameter& projection_;
};

OptionSet options() {
    OptionSet options = head_options();
    options.declare({.name = "longest",
                     .value = std::int64_t{4096},
                     .help = "longest sequence that mixtures are learned for",
                     .unit = "steps",
                     .lowest = 1,
                     .highest = 1 << 24});
    options.declare({.name = "rank",
                     .value = std::int64_t{64},
                     .help = "mixtures of keys and values",
                     .lowest = 1,
                     .highest = 65536});
    return options;
}

}  // namespace

MixerEntry linformer_mixer() {
    return {.name = "linformer",
            .summary = "attention of learned mixtures of steps",
            .source = "Wang et al. 2020, arXiv 2006.04768",
            .options = options,
            .make = make_mixer_of<LinformerMixer>};
}

}  // namespace elm

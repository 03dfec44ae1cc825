// Attention of steps that hash to the same bucket (hashed_attention.h), each head by itself:
//   q = W_q x    k = q / |q|    v = W_v x    y = W_o softmax over those steps of q k / sqrt(d),
//   times v
// Rotations stay as they were drawn, normal with deviation 1. Chunks begin where others end, so
// that what a step sees depends on later ones: there is no causal form. Padded steps are in no
// bucket. Source: Kitaev et al. 2020, arXiv 2001.04451. Where we differ: a key that several rounds
// share counts in each of them. The public code of Tay et al. 2021, arXiv 2011.04006 (`mode`
// release): keys are queries, scores are multiplied by sqrt(d), chunks are seen whole, by the first
// one the last, padding and 1 to `chunk` zeros behind the sequence are steps like others, there are
// as many chunks as buckets, and the result is that of one head after the other, with its zeros,
// read as rows of all heads, of which the first ones stay, without W_o.

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "baselines/mixers/attention/heads.h"
#include "baselines/mixers/sparse/hashed_attention.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/normalise.h"

namespace elm {
namespace {

class ReformerMixer : public SequenceMixer {
public:
    ReformerMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          release_(is_release(options)),
          heads_(options.get<std::int64_t>("heads")),
          inner_(HeadProjections::inner_width(options, place.width)),
          rounds_(options.get<std::int64_t>("rounds")),
          buckets_(options.get<std::int64_t>("buckets")),
          chunk_(options.get<std::int64_t>("chunk")),
          query_(child("query", HeadProjections::make(options, place.width, inner_, true))),
          value_(child("value", HeadProjections::make(options, place.width, inner_, true))) {
        ELM_CHECK(
            buckets_ % 2 == 0,
            "{} buckets: half of them are the opposites of the others. Set buckets to an even "
            "number.",
            buckets_);
        ELM_CHECK(!release_ || inner_ == place.width,
                  "an attention_width of {} and a width of {}: mode release has no other one. Set "
                  "attention_width to 0.",
                  inner_, place.width);
        rotations_ =
            &table("rotations", {head_width(), rounds_, buckets_ / 2}, initialise::normal(0, 1));
        rotations_->trainable = false;
        if (release_) return;
        output_ = &child("output", HeadProjections::make(options, inner_, place.width, true));
    }

    MixerTraits traits() const override {
        return {
            .self_causal = false,
            .streams = false,
            .no_causal =
                "steps are sorted by their hashes into chunks, whose bounds depend on later steps",
            .no_cross = "the queries are the keys: it has one map for both"};
    }
    double flops_per_step(std::int64_t steps, bool) const override {
        // Two chunks whole, for nobody knows before which of their steps share a bucket; the first
        // one has none before it.
        const std::int64_t rows = std::max<std::int64_t>(release_ ? filled(steps) : steps, 1);
        const std::int64_t chunk =
            std::max<std::int64_t>(release_ ? rows / buckets_ : std::min(chunk_, rows), 1);
        const auto chunks = static_cast<double>((rows + chunk - 1) / chunk);
        const double seen = static_cast<double>(chunk) * (release_ ? 2 : 2 - 1 / chunks);
        return static_cast<double>(rounds_ * inner_) * (4 * seen + static_cast<double>(buckets_)) *
               static_cast<double>(rows) / static_cast<double>(std::max<std::int64_t>(steps, 1));
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor*) override {
        const Var query = query_.forward(context, input.sequence);
        const Var value = value_.forward(context, input.sequence);
        if (release_) return released(context, query, value);
        const Var read = hashed_attention(context, query, normalised(context, query), value,
                                          {.heads = heads_,
                                           .rounds = rounds_,
                                           .buckets = buckets_,
                                           .chunk = chunk_,
                                           .rotations = rotations_->value,
                                           .lengths = input.lengths});
        return output_->forward(context, read);
    }

private:
    std::int64_t head_width() const { return inner_ / heads_; }
    /// Steps of mode release, with 1 to `chunk` zeros.
    std::int64_t filled(std::int64_t steps) const { return steps + chunk_ - steps % chunk_; }

    /// Rows of each head with a length of 1.
    Var normalised(Context& context, const Var& query) const {
        const Shape shape = query.value.shape();
        const std::int64_t width = head_width();
        Context plain{context.stream};
        const Var zeros{Tensor::zeros(context.stream, {width}, query.value.dtype())};
        const Var gain = scale(plain, zeros, 0, 1 / std::sqrt(static_cast<double>(width)));
        const Var each = reshape(context, query, {shape[0], shape[1], heads_, width});
        return reshape(context, rms_norm(context, each, gain, 1e-24), shape);
    }

    Var released(Context& context, const Var& query, const Var& value) const {
        const Shape shape = query.value.shape();
        const std::int64_t steps = filled(shape[1]);
        ELM_CHECK(
            steps % buckets_ == 0,
            "{} steps, with zeros up to a multiple of {}, are no multiple of {} chunks, which "
            "mode release expects. Set other buckets, or mode to paper.",
            steps, chunk_, buckets_);
        const Var longer = pad(context, query, 1, 0, steps - shape[1]);
        const Var read =
            hashed_attention(context, longer, longer, pad(context, value, 1, 0, steps - shape[1]),
                             {.heads = heads_,
                              .rounds = rounds_,
                              .buckets = buckets_,
                              .chunk = steps / buckets_,
                              .rotations = rotations_->value,
                              .within_bucket = false,
                              .avoids_itself = false,
                              .scale = std::sqrt(static_cast<double>(head_width()))});
        return slice(context, one_head_after_the_other(context, read), 1, 0, shape[1]);
    }

    Var one_head_after_the_other(Context& context, const Var& read) const {
        return reshape(context, split_heads(context, read, heads_), read.value.shape());
    }

    bool release_;
    std::int64_t heads_, inner_, rounds_, buckets_, chunk_;
    Linear& query_;
    Linear& value_;
    ModuleParameter* rotations_;
    Linear* output_ = nullptr;  // null in mode release
};

OptionSet options() {
    OptionSet options = head_options();
    options.declare({.name = "rounds",
                     .value = std::int64_t{2},
                     .help = "rounds of hashing",
                     .lowest = 1,
                     .highest = 256});
    options.declare({.name = "buckets",
                     .value = std::int64_t{64},
                     .help = "buckets of each round, an even number",
                     .lowest = 2,
                     .highest = 65536});
    options.declare({.name = "chunk",
                     .value = std::int64_t{64},
                     .help = "steps of a chunk of the sorted sequence",
                     .unit = "steps",
                     .lowest = 1,
                     .highest = 1 << 24});
    declare_mode(options, "chunks are seen whole, scores are larger, heads are mixed up");
    return options;
}

}  // namespace

MixerEntry reformer_mixer() {
    return {.name = "reformer",
            .summary = "attention of steps that hash to the same bucket",
            .source = "Kitaev et al. 2020, arXiv 2001.04451",
            .options = options,
            .make = make_mixer_of<ReformerMixer>};
}

}  // namespace elm

// Attention of a window of neighbours and of a few summaries of all steps. With layer norms N and
// N' over all heads together, and for each head a projection to r summaries,
//   K = N(W_k x)   V = N(W_v x)      P = softmax over the steps of W_p x, (time, r)
//   K' = N'(Pᵀ K)   V' = N'(Pᵀ V)
//   y = W_o softmax(q [K', K in the window]ᵀ / sqrt(d)) [V', V in the window]
// Steps come in segments of w; a step's window is its own segment and max(floor(w / 2), 1) steps on
// either side of it. Causally it has a form of its own, see causal_long_short.h.
// Source: Zhu et al. 2021, arXiv 2107.02192, with the sizes of Zhang et al. 2023, arXiv 2210.07661.
// Where we differ: no convolution of the values.

#include <algorithm>
#include <memory>
#include <vector>

#include "baselines/mixers/attention/causal_long_short.h"
#include "baselines/mixers/attention/heads.h"
#include "baselines/mixers/padding.h"
#include "kernels/ops/attention/listed_attention.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/softmax.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

class LongShortMixer : public SequenceMixer {
public:
    LongShortMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          window_(options.get<std::int64_t>("window")),
          summaries_(options.get<std::int64_t>("summaries")),
          projections_(options, place.width, true,
                       [this](const char* name, std::unique_ptr<Linear> linear) -> Linear& {
                           return child(name, std::move(linear));
                       }),
          summary_(
              child("summary",
                    // A bias would be the same for all steps of a softmax.
                    std::make_unique<Linear>(place.width, projections_.heads * summaries_, false))),
          norm_(child("norm", std::make_unique<LayerNorm>(projections_.inner))),
          summary_norm_(child("summary_norm", std::make_unique<LayerNorm>(projections_.inner))) {}

    MixerTraits traits() const override {
        return {.self_causal = false,
                .streams = false,
                .no_causal = "it was made to read in both directions",
                .no_cross = "a window is around a query's own step"};
    }
    double flops_per_step(std::int64_t steps, bool) const override {
        double pairs = 0;
        for (std::int64_t begin = 0; begin < steps; begin += window_) {
            const std::int64_t end = std::min(begin + window_, steps);
            pairs +=
                static_cast<double>((end - begin) * (std::min(begin + window_ + reach(), steps) -
                                                     std::max<std::int64_t>(begin - reach(), 0)));
        }
        return static_cast<double>(projections_.inner) *
               (8 * static_cast<double>(summaries_) + 4 * pairs / static_cast<double>(steps));
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor*) override {
        const HeadProjections::Rows rows = projections_.rows(context, input);
        const Var shares = shares_of_steps(context, input);
        const auto with_summaries = [&](const Var& all) {
            const Var each = norm_.forward(context, all);
            const Var mixed = join_heads(
                context, matmul(context, shares, split_heads(context, each, projections_.heads)),
                projections_.heads);
            const Var parts[] = {summary_norm_.forward(context, mixed), each};
            return concatenate(context, parts, 1);
        };
        const Var read = listed_attention(context, rows.query, with_summaries(rows.key),
                                          with_summaries(rows.value), lists(input),
                                          {.heads = projections_.heads})
                             .output;
        return projections_.output(context, read);
    }

private:
    std::int64_t reach() const { return std::max<std::int64_t>(window_ / 2, 1); }

    /// Pᵀ, (pairs of sample and head, summaries, time).
    Var shares_of_steps(Context& context, const MixerInput& input) const {
        const Var scores = summary_.forward(context, input.sequence);
        const Var each = transpose(context, split_heads(context, scores, projections_.heads), 1, 2);
        return softmax(context, hide_padding(context, each, input.lengths, projections_.heads));
    }

    /// Keys are summaries and then steps.
    KeyLists lists(const MixerInput& input) const {
        const std::int64_t steps = input.sequence.value.shape()[1];
        const std::vector<std::int64_t> lengths = lengths_of(input.lengths, steps);
        KeyLists lists(steps, summaries_ + steps, window_, std::ssize(lengths));
        for (const std::int64_t length : lengths) {
            for (std::int64_t begin = 0; begin < steps; begin += window_) {
                const std::int64_t first = std::max<std::int64_t>(begin - reach(), 0);
                const std::int64_t end = std::min(begin + window_ + reach(), length);
                lists.see(0, summaries_);
                lists.see(summaries_ + first, summaries_ + end);
                lists.close();
            }
        }
        return lists;
    }

    std::int64_t window_, summaries_;
    HeadProjections projections_;
    Linear& summary_;
    LayerNorm& norm_;
    LayerNorm& summary_norm_;
};

OptionSet options() {
    OptionSet options = head_options();
    // Zhang et al. 2023: 15 and 16.
    options.declare({.name = "window",
                     .value = std::int64_t{15},
                     .help = "steps of a segment; half as many on either side are seen with it",
                     .unit = "steps",
                     .lowest = 1,
                     .highest = 1 << 24});
    options.declare({.name = "summaries",
                     .value = std::int64_t{16},
                     .help = "summaries of all steps",
                     .lowest = 1,
                     .highest = 65536});
    CausalLongShort::declare(options);
    return options;
}

}  // namespace

MixerEntry long_short_mixer() {
    return {.name = "long_short",
            .summary = "attention of a window and of summaries of all steps",
            .source = "Zhu et al. 2021, arXiv 2107.02192",
            .options = options,
            .make = [](const OptionSet& chosen,
                       const MixerPlace& place) -> std::unique_ptr<SequenceMixer> {
                if (place.causal) return std::make_unique<CausalLongShort>(chosen, place);
                return std::make_unique<LongShortMixer>(chosen, place);
            }};
}

}  // namespace elm

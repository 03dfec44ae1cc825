// Exact attention as its definition says, with the matrix of weights in memory: what attention.cpp
// and cheaper mixers are held against. Each head by itself,
//   y = W_o softmax(Q Kᵀ / sqrt(d)) V
// Memory and time grow with the square of the length, causally too, where later steps are hidden in
// the whole matrix. Parameters and, but for rounding, results are those of attention.cpp.
// Source: Vaswani et al. 2017, arXiv 1706.03762, equation 1 and section 3.2.2.

#include <algorithm>
#include <cmath>
#include <vector>

#include "baselines/mixers/attention/heads.h"
#include "baselines/mixers/padding.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/softmax.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

class PlainAttention : public SequenceMixer {
public:
    PlainAttention(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          projections_(options, place.width, false,
                       [this](const char* name, std::unique_ptr<Linear> linear) -> Linear& {
                           return child(name, std::move(linear));
                       }) {}

    MixerTraits traits() const override {
        return {.cross_noncausal = true, .cross_causal = true, .streams = false};
    }
    double flops_per_step(std::int64_t steps, bool) const override {
        return 4 * static_cast<double>(projections_.inner * steps);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor*) override {
        const HeadProjections::Rows rows = projections_.rows(context, input);
        const std::int64_t heads = projections_.heads;
        const double root = std::sqrt(static_cast<double>(projections_.inner / heads));
        const Var keys = transpose(context, split_heads(context, rows.key, heads), 1, 2);
        const Var scores = matmul(
            context, split_heads(context, scale(context, rows.query, 1 / root), heads), keys);
        Var seen = hide_padding(context, scores, input.source_lengths(), heads);
        if (input.causal && !input.is_cross()) {
            hide_later(context.stream, scores.value);
            seen = add(context, seen, {mask_});
        }
        const Var read =
            matmul(context, softmax(context, seen), split_heads(context, rows.value, heads));
        return projections_.output(context, join_heads(context, read, heads));
    }

private:
    /// The mask is made once for all passes over sequences of a length.
    void hide_later(Stream& stream, const Tensor& scores) {
        const std::int64_t steps = scores.shape()[2];
        const Shape shape{steps, steps};
        if (mask_.defined() && mask_.shape() == shape && mask_.dtype() == scores.dtype() &&
            mask_.device() == stream.device()) {
            return;
        }
        mask_ = visit_real(scores.dtype(), [&]<class Real>(Real) {
            std::vector<Real> mask(static_cast<std::size_t>(shape.size()));
            for (std::int64_t query = 0; query < steps; ++query) {
                const auto row = mask.begin() + query * steps;
                std::fill(row + query + 1, row + steps, Real(-1e30));
            }
            return Tensor::from<Real>(stream, shape, mask);
        });
    }

    HeadProjections projections_;
    Tensor mask_;  // (time, time): far below all scores where a key is later than its query, else 0
};

}  // namespace

MixerEntry plain_attention_mixer() {
    return {.name = "plain_attention",
            .summary = "exact attention, its weights in memory",
            .source = "Vaswani et al. 2017, arXiv 1706.03762",
            .options = head_options,
            .make = make_mixer_of<PlainAttention>};
}

}  // namespace elm

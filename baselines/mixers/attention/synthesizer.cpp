// Exact attention with scores that are learned for each pair of positions, see softmax_attention.h:
//   P = softmax over j of q[i] k[j] / sqrt(d) + R[i][j], each head by itself
// with R (heads, longest, longest), of which a sequence of n steps takes the first n rows and
// columns: a random synthesizer mixed with products, as the public code of Tay et al. 2021, arXiv
// 2011.04006, takes it. R begins uniform within sqrt(6 / (2 heads longest)). Without `products`
//   P = softmax over j of R[i][j]
// and with `factors` k > 0, R = R1 R2, (heads, longest, k) and (heads, k, longest), which begin
// uniform so that R has the same variance: the random and the factorised random synthesizer of the
// publication. Source: Tay et al. 2021, arXiv 2005.00743. Where we differ: without products padding
// is not read either.

#include <cmath>
#include <memory>
#include <utility>

#include "baselines/mixers/attention/softmax_attention.h"
#include "baselines/mixers/seen_steps.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

/// Scores of pairs of positions, whole or as a product of two matrices.
class PositionScores {
public:
    /// The parameters become those of a module by `add(name, shape, initialiser)`.
    template <class Add>
    PositionScores(const OptionSet& options, const Add& add)
        : longest_(options.get<std::int64_t>("longest")) {
        const auto heads = options.get<std::int64_t>("heads");
        const auto factors = options.get<std::int64_t>("factors");
        const double variance = 1 / static_cast<double>(heads * longest_);
        // Uniform numbers within ±limit have the variance limit^2 / 3.
        if (factors == 0) {
            const double limit = std::sqrt(3 * variance);
            first_ =
                &add("random", {heads, longest_, longest_}, initialise::uniform(-limit, limit));
            return;
        }
        const double limit = std::sqrt(3 * std::sqrt(variance / static_cast<double>(factors)));
        first_ = &add("random1", {heads, longest_, factors}, initialise::uniform(-limit, limit));
        second_ = &add("random2", {heads, factors, longest_}, initialise::uniform(-limit, limit));
    }

    /// Of queries at positions begin .. end with keys 0 .. end: (heads, end - begin, end).
    Var of(Context& context, std::int64_t begin, std::int64_t end) const {
        ELM_CHECK(
            end <= longest_,
            "a sequence of {} steps was given to a synthesizer for at most {}. Set longest to "
            "the longest sequence.",
            end, longest_);
        const Var rows = slice(context, use(context, *first_), 1, begin, end);
        if (second_ == nullptr) return slice(context, rows, 2, 0, end);
        return matmul(context, rows, slice(context, use(context, *second_), 2, 0, end));
    }

private:
    std::int64_t longest_;
    ModuleParameter* first_;
    ModuleParameter* second_ = nullptr;  // null of whole ones
};

constexpr const char* no_cross = "its scores belong to pairs of steps of one sequence";

class SynthesizerMixer : public SoftmaxAttention {
public:
    SynthesizerMixer(const OptionSet& options, const MixerPlace& place)
        : SoftmaxAttention(options, place, 0, false),
          scores_(
              options,
              [this](const char* name, const Shape& shape, Initialiser first) -> ModuleParameter& {
                  return table(name, shape, std::move(first));
              }) {}

    MixerTraits traits() const override { return {.state_tensors = 2, .no_cross = no_cross}; }

protected:
    Var bias(Context& context, std::int64_t begin, std::int64_t end) override {
        return scores_.of(context, begin, end);
    }

private:
    PositionScores scores_;
};

/// Without products: queries and keys of nothing.
class RandomSynthesizerMixer : public SequenceMixer {
public:
    RandomSynthesizerMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          heads_(options.get<std::int64_t>("heads")),
          inner_(HeadProjections::inner_width(options, place.width)),
          value_(child("value", HeadProjections::make(options, place.width, inner_, true))),
          output_(child("output", HeadProjections::make(options, inner_, place.width, true))),
          scores_(
              options,
              [this](const char* name, const Shape& shape, Initialiser first) -> ModuleParameter& {
                  return table(name, shape, std::move(first));
              }) {}

    MixerTraits traits() const override { return {.streams = false, .no_cross = no_cross}; }

    double flops_per_step(std::int64_t steps, bool causal) const override {
        return 4 * static_cast<double>(inner_) * seen_steps(steps, steps, causal ? 0 : steps);
    }
    void require_device(const DeviceLimits& device, DType) const override {
        require_attention_fits(device, inner_ / heads_);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor*) override {
        const Var value = value_.forward(context, input.sequence);
        const Shape& shape = value.value.shape();
        const Var nothing{Tensor::zeros(context.stream, shape, value.value.dtype())};
        const Var read =
            attention(context, nothing, nothing, value, scores_.of(context, 0, shape[1]),
                      {.heads = heads_, .causal = input.causal, .lengths = input.source_lengths()});
        return output_.forward(context, read);
    }

private:
    std::int64_t heads_, inner_;
    Linear& value_;
    Linear& output_;
    PositionScores scores_;
};

std::unique_ptr<SequenceMixer> make(const OptionSet& options, const MixerPlace& place) {
    if (options.get<bool>("products")) return std::make_unique<SynthesizerMixer>(options, place);
    return std::make_unique<RandomSynthesizerMixer>(options, place);
}

OptionSet options() {
    OptionSet options = head_options();
    options.declare({.name = "longest",
                     .value = std::int64_t{512},
                     .help = "longest sequence that scores are learned for",
                     .unit = "steps",
                     .lowest = 1,
                     .highest = 65536});
    options.declare({.name = "products",
                     .value = true,
                     .help = "products of queries and keys are added to the learned scores"});
    options.declare({.name = "factors",
                     .value = std::int64_t{0},
                     .help = "rank of the learned scores; 0: whole matrices",
                     .lowest = 0,
                     .highest = 65536});
    return options;
}

}  // namespace

MixerEntry synthesizer_mixer() {
    return {.name = "synthesizer",
            .summary = "attention with learned scores of positions",
            .source = "Tay et al. 2021, arXiv 2005.00743",
            .options = options,
            .make = make};
}

}  // namespace elm

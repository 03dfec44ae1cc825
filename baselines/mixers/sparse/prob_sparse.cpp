// Exact attention of the queries that stand out, and the mean of all values for the others. Of a
// sequence of n steps, each query is compared with c ceil(log n) keys drawn at random, and in each
// head the c ceil(log n) queries are chosen whose largest score is farthest above the others:
//   y[i] = W_o softmax over j of q[i] k[j] / sqrt(d), times v[j]      for the chosen i
//   y[i] = W_o mean over j of v[j]                                    for the others
// Choosing ranks all queries, so there is no causal form. Source: Zhou et al. 2021, arXiv
// 2012.07436. Where we differ: the draw follows from `sample_seed`, the layer and the length alone,
// in place of a new one in each pass.

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "baselines/mixers/attention/heads.h"
#include "baselines/mixers/sparse/prob_sparse_attention.h"
#include "kernels/ops/attention/attention.h"

namespace elm {
namespace {

class ProbSparseMixer : public SequenceMixer {
public:
    ProbSparseMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          factor_(options.get<std::int64_t>("factor")),
          key_(RandomKey{static_cast<std::uint64_t>(options.get<std::int64_t>("sample_seed"))}
                   .for_purpose("prob_sparse")
                   .for_part(static_cast<std::uint32_t>(place.layer))),
          projections_(options, place.width, false,
                       [this](const char* name, std::unique_ptr<Linear> linear) -> Linear& {
                           return child(name, std::move(linear));
                       }) {}

    MixerTraits traits() const override {
        return {.self_causal = false,
                .streams = false,
                .no_causal = "queries are ranked among all, later ones too",
                .no_cross =
                    "queries are chosen among those of all steps, and the others get the mean of "
                    "their own sequence"};
    }

    void require_device(const DeviceLimits& device, DType) const override {
        require_attention_fits(device, projections_.inner / projections_.heads);
    }
    double flops_per_step(std::int64_t steps, bool) const override {
        return 6.0 * static_cast<double>(projections_.inner * count_of(steps));
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor*) override {
        const HeadProjections::Rows rows = projections_.rows(context, input);
        const std::int64_t steps = input.sequence.value.shape()[1];
        const Var read = prob_sparse_attention(context, rows.query, rows.key, rows.value,
                                               {.heads = projections_.heads,
                                                .chosen = count_of(steps),
                                                .sample = sample(context.stream, steps),
                                                .lengths = input.lengths});
        return projections_.output(context, read);
    }

private:
    std::int64_t count_of(std::int64_t steps) const {
        const double log = std::log(static_cast<double>(std::max<std::int64_t>(steps, 2)));
        return std::min(steps, factor_ * static_cast<std::int64_t>(std::ceil(log)));
    }

    /// Keys that each query is compared with, (steps, count).
    Tensor sample(Stream& stream, std::int64_t steps) const {
        const std::int64_t count = count_of(steps);
        const RandomKey own = key_.for_part(static_cast<std::uint32_t>(steps));
        std::vector<std::int32_t> keys;
        for (std::int64_t i = 0; i < steps * count; ++i) {
            const double unit = unit_uniform<double>(random_word(own, i));
            keys.push_back(static_cast<std::int32_t>(unit * static_cast<double>(steps)));
        }
        return Tensor::from<std::int32_t>(stream, {steps, count}, keys);
    }

    std::int64_t factor_;
    RandomKey key_;
    HeadProjections projections_;
};

OptionSet options() {
    OptionSet options = head_options();
    // Zhou et al. 2021: 5.
    options.declare({.name = "factor",
                     .value = std::int64_t{5},
                     .help = "queries that are chosen, and keys that they are compared with, for "
                             "each unit of the logarithm of the length",
                     .lowest = 1,
                     .highest = 65536});
    options.declare({.name = "sample_seed",
                     .value = std::int64_t{0},
                     .help = "what those keys are drawn from",
                     .lowest = 0,
                     .highest = 2147483647});
    return options;
}

}  // namespace

MixerEntry prob_sparse_mixer() {
    return {.name = "prob_sparse",
            .summary = "attention of the queries that stand out",
            .source = "Zhou et al. 2021, arXiv 2012.07436",
            .options = options,
            .make = make_mixer_of<ProbSparseMixer>};
}

}  // namespace elm

#pragma once

#include "kernels/ops/attention/sampled_scores.h"

namespace elm {

template <class Real>
struct SampleScoresOfOneQuery {
    SampledScoresArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t queries = args.measure.extent[2], heads = args.measure.extent[1];
        const std::int64_t pair = index / queries, query = index % queries;
        const std::int64_t sample = pair / heads, head = pair % heads;
        const std::int64_t keys =
            args.lengths.data == nullptr ? args.key.steps : args.lengths(sample);
        const Real* const own = args.query.of(sample, head).row(query);
        const HeadRows<const Real> rows = args.key.of(sample, head);
        Real largest = 0, sum = 0;
        for (std::int64_t i = 0; i < args.sample.extent[1] && keys > 0; ++i) {
            const Real score = product(own, rows.row(args.sample(query, i) % keys));
            largest = i == 0 || largest < score ? score : largest;
            sum += score;
        }
        args.measure(sample, head, query) = keys > 0 ? largest - sum / static_cast<Real>(keys) : 0;
    }

private:
    ELM_HD Real product(const Real* left, const Real* right) const {
        constexpr int lanes = 8;  // sums side by side, in one order
        Real sums[lanes] = {};
        std::int64_t first = 0;
        for (; first + lanes <= args.query.features; first += lanes) {
            for (int k = 0; k < lanes; ++k) sums[k] += left[first + k] * right[first + k];
        }
        Real total = 0;
        for (; first < args.query.features; ++first) total += left[first] * right[first];
        for (const Real part : sums) total += part;
        return total;
    }
};

template <class Backend, class Real>
void run_sampled_scores(Stream& stream, const SampledScoresArgs<Real>& args) {
    Backend::for_each_index(stream, args.measure.size(), SampleScoresOfOneQuery<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_sampled_scores, SampledScoresArgs);

}  // namespace elm

#pragma once

#include "kernels/ops/attention/attention.h"

namespace elm {

/// How far the largest score of a query stands out of a sample of keys: for each sample, head and
/// query i, with keys j = sample[i][0], sample[i][1], ... modulo the keys that count, n,
///
///     measure[i] = max over these j of q[i] k[j] - (sum over these j of q[i] k[j]) / n
///
/// Shapes: sample (queries, count), measure (batch, heads, queries). Where no key counts, 0.
/// Source: Zhou et al. 2021, arXiv 2012.07436.
template <class Real>
struct SampledScoresArgs {
    AttentionRows<const Real> query, key;
    View<const std::int32_t, 1> lengths;  // (batch), or no data: all keys count
    View<const std::int32_t, 2> sample;
    View<Real, 3> measure;
};

template <class Backend, class Real>
void run_sampled_scores(Stream& stream, const SampledScoresArgs<Real>& args);

template <class Real>
inline constexpr Kernel<SampledScoresArgs<Real>> sampled_scores_kernel{
    "sampled_scores", &run_sampled_scores<Cpu, Real>,
    ELM_IF_CUDA((&run_sampled_scores<Cuda, Real>))};

/// (batch, heads, queries). Shapes: query (batch, queries, heads features), key (batch, keys, heads
/// features), sample (queries, count) as int32, none negative; lengths (batch) as int32 on the
/// host, or undefined. Not differentiable. Throws Error{invalid} for shapes that do not fit.
Tensor sampled_scores(Stream& stream, const Tensor& query, const Tensor& key, std::int64_t heads,
                      const Tensor& sample, const Tensor& lengths = {});

}  // namespace elm

#pragma once

#include <cstdint>

#include "kernels/autograd/context.h"

namespace elm {

/// Attention of the queries that stand out: those `chosen` many of each sample and head whose
/// scores with a sample of keys have the largest measure (kernels/ops/attention/sampled_scores.h)
/// read all keys, every other one has the mean of the values. Of equal measures the first counts.
/// The measures are read back to the host.
struct ProbSparseSettings {
    std::int64_t heads = 1;
    std::int64_t chosen = 1;
    Tensor sample = {};   // (queries, count) as int32, keys of each query
    Tensor lengths = {};  // (batch) as int32 on the host; undefined: all
};

/// Shapes: query, key, value and result (batch, time, heads width).
Var prob_sparse_attention(Context& context, const Var& query, const Var& key, const Var& value,
                          const ProbSparseSettings& settings);

}  // namespace elm

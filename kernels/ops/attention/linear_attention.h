#pragma once

#include <cstdint>

#include "kernels/autograd/variable.h"

/// Attention whose weights are products of features, so that its cost is linear in the length. For
/// each sample and head, with features f(q) and f(k) that are not negative:
///
///     output[i] = sum over j of (f(q[i]) f(k[j])) v[j] / (sum over j of f(q[i]) f(k[j]) + epsilon)
///
/// over all j, or causally over j <= i. Source: Katharopoulos et al. 2020, arXiv 2006.16236.
namespace elm {

struct Context;

struct LinearAttentionSettings {
    std::int64_t heads = 1;
    bool causal = false;
    /// Keys of each sample that count, (batch) as int32 on the host. Undefined: all.
    Tensor lengths = {};
    /// Added to the divisor; below 0: the divisor is at least -epsilon.
    double epsilon = 1e-6;
    /// Sums to begin with and where to leave the last ones, (batch, heads, value features + 1,
    /// features), without a past on the tape. Undefined: zeros; null: nowhere.
    Tensor start = {};
    Tensor* end = nullptr;
};

/// Differentiable. Shapes: query (batch, queries, heads features) and key (batch, keys, heads
/// features) hold features, value (batch, keys, heads value features), result (batch, queries,
/// heads value features). Throws Error{invalid} for shapes and lengths that do not fit, and for
/// causal attention of other queries than keys.
Var linear_attention(Context& context, const Var& query, const Var& key, const Var& value,
                     const LinearAttentionSettings& settings);

}  // namespace elm

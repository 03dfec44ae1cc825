#pragma once

#include <cstdint>

#include "kernels/autograd/variable.h"

/// Linear attention whose sums decay: for each sample and head, with a logarithm a[t] <= 0 of the
/// decay of each step,
///
///     M[t] = exp(a[t]) M[t-1] + v[t] k[t]ᵀ,   M[-1] = start       (value features, features)
///     output[t] = M[t] q[t]
///
/// In chunks of Q steps, with s[i] the sum of a over the steps of the chunk up to i, and M what the
/// chunk begins with:
///
///     output[i] = sum over j <= i of exp(s[i] - s[j]) (q[i] k[j]) v[j]  +  exp(s[i]) M q[i]
///     M'        = exp(s[Q-1]) M + sum over j of exp(s[Q-1] - s[j]) v[j] k[j]ᵀ
///
/// Sums within chunks are products of matrices; only M goes from one chunk to the next. Sources:
/// Dao & Gu 2024, arXiv 2405.21060, section 6 (state-space duality); with a constant decay Sun et
/// al. 2023, arXiv 2307.08621.
namespace elm {

struct Context;

struct DecayingAttentionSettings {
    std::int64_t heads = 1;
    std::int64_t chunk = 64;  // steps; results do not depend on it but for rounding
    /// M to begin with, (batch, heads, value features, features); without value: zeros.
    Var start = {};
    Var* end = nullptr;  // where to leave the last one; null: nowhere
};

/// Differentiable. Shapes: query, key (batch, time, heads features), value (batch, time, heads
/// value features), log_decay (batch, time, heads), result (batch, time, heads value features).
/// Throws Error{invalid} for shapes that do not fit and for less than one head or step of a chunk.
Var decaying_attention(Context& context, const Var& query, const Var& key, const Var& value,
                       const Var& log_decay, const DecayingAttentionSettings& settings);

/// Multiplications and additions of a step among `steps`, by chunks as above.
double decaying_attention_flops(std::int64_t heads, std::int64_t features,
                                std::int64_t value_features, std::int64_t chunk,
                                std::int64_t steps);

}  // namespace elm

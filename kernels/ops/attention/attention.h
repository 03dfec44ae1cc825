#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/core/device_limits.h"
#include "kernels/core/kernel.h"
#include "kernels/core/tensor.h"

/// Exact attention without the matrix of its weights, whose memory would grow with the square of
/// the length. For each sample and head, with d features of queries and keys:
///
///     s[i][j]   = scale q[i] k[j] + bias[i][j]
///     p[i][j]   = exp(s[i][j]) / sum over j of exp(s[i][j])
///     output[i] = sum over j of p[i][j] v[j]
///
/// Keys come in tiles; the largest score so far, the sum and the output of a row are corrected when
/// a larger score comes (online softmax). Backward, weights are computed again from the sums:
///
///     dv[j] = sum over i of p[i][j] do[i]        ds[i][j] = p[i][j] (do[i] v[j] - do[i] output[i])
///     dq[i] = scale sum over j of ds[i][j] k[j]  dk[j]    = scale sum over i of ds[i][j] q[i]
///     dbias[i][j] = sum over samples of ds[i][j]
///
/// Sources: Milakov & Gimelshein 2018, arXiv 1805.02867; Rabe & Staats 2021, arXiv 2112.05682; Dao
/// et al. 2022, arXiv 2205.14135.
namespace elm {

struct Context;
struct Var;

/// `features` are those of one head; heads stand side by side in a row.
struct AttentionShape {
    std::int64_t batch, heads, queries, keys, features, value_features;
    /// The queries are the last steps of the keys' sequence: query i stands at key i + keys -
    /// queries, and sees so many keys before and after it.
    std::int64_t before, after;

    /// Keys that query `query` sees, whatever the lengths: from the first one to before the second.
    ELM_HD std::int64_t begin_of_keys(std::int64_t query) const {
        const std::int64_t begin = query + keys - queries - before;
        return begin > 0 ? begin : 0;
    }
    ELM_HD std::int64_t end_of_keys(std::int64_t query) const {
        const std::int64_t end = query + keys - queries + after + 1;
        return end < keys ? end : keys;
    }
    /// Multiplications and additions of what queries see, whatever the lengths.
    double operations() const {
        double seen = 0;
        for (std::int64_t query = 0; query < queries; ++query) {
            const std::int64_t count = end_of_keys(query) - begin_of_keys(query);
            if (count > 0) seen += static_cast<double>(count);
        }
        return 2 * static_cast<double>(batch * heads * (features + value_features)) * seen;
    }
};

/// Rows of one sample and head.
template <class Real>
struct HeadRows {
    Real* data;
    std::int64_t stride;

    ELM_HD Real* row(std::int64_t index) const { return data + index * stride; }
};

/// Row `step` of head h is features h f .. h f + f of (batch, steps, heads f), contiguous.
template <class Real>
struct AttentionRows {
    Real* data;
    std::int64_t steps, heads, features;

    ELM_HD HeadRows<Real> of(std::int64_t sample, std::int64_t head) const {
        const std::int64_t stride = heads * features;
        return {data + sample * steps * stride + head * features, stride};
    }
};

/// log_sums[i] = log2 of the sum over j of 2^(s[i][j] log2 e): (batch, heads, queries). A query
/// that sees no key has an output of 0. `lengths` (batch): how many keys count, or no data: all.
/// `bias` (heads, queries, keys), or no data: none.
template <class Real>
struct AttentionArgs {
    AttentionShape shape;
    Real scale;
    AttentionRows<const Real> query, key, value;
    View<const std::int32_t, 1> lengths;
    View<const Real, 3> bias;
    AttentionRows<Real> output;
    View<Real, 3> log_sums;

    ELM_HD std::int64_t keys_of(std::int64_t sample) const {
        return lengths.data == nullptr ? shape.keys : lengths(sample);
    }
};

/// `products` (batch, heads, queries) is room for do[i] output[i], which a device needs.
/// The gradient of the bias is added to what is there; without data it is not wanted.
template <class Real>
struct AttentionBackwardArgs {
    AttentionArgs<Real> forward;  // its output and log_sums are read
    AttentionRows<const Real> output_gradient;
    AttentionRows<Real> query_gradient, key_gradient, value_gradient;
    View<Real, 3> bias_gradient;
    View<Real, 3> products;
};

template <class Backend, class Real>
void run_attention(Stream& stream, const AttentionArgs<Real>& args);
template <class Backend, class Real>
void run_attention_backward(Stream& stream, const AttentionBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<AttentionArgs<Real>> attention_kernel{
    "attention", &run_attention<Cpu, Real>, ELM_IF_CUDA((&run_attention<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<AttentionBackwardArgs<Real>> attention_backward_kernel{
    "attention_backward", &run_attention_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_attention_backward<Cuda, Real>))};

/// More keys than there are.
inline constexpr std::int64_t all_keys = std::int64_t{1} << 40;

/// Features of a head that a CUDA device takes at most.
inline constexpr std::int64_t attention_device_features = 128;

/// Throws Error{unsupported} for heads of more features than a device takes.
void require_attention_fits(const DeviceLimits& device, std::int64_t head_features);

struct AttentionSettings {
    std::int64_t heads = 1;
    /// Queries see no step after their own. Where they do not see all, they are the last steps of
    /// the keys' sequence.
    bool causal = false;
    /// Keys before and after a query's own step that it sees.
    std::int64_t before = all_keys, after = all_keys;
    /// Keys of each sample that count, (batch) as int32 on the host. Undefined: all.
    Tensor lengths = {};
    /// Of scores; 0: 1 / sqrt(features of a head).
    double scale = 0;
};

/// Differentiable form. Shapes: query (batch, queries, heads features), key (batch, keys, heads
/// features), value (batch, keys, heads value features), result (batch, queries, heads value
/// features). Keeps the result and a number for each row and head; memory is linear in the lengths.
/// Throws Error{invalid} naming the argument whose shape does not fit, for lengths that cannot be,
/// and for more queries than keys where not all is seen; Error{unsupported} for heads of more than
/// attention_device_features features on a CUDA device.
Var attention(Context& context, const Var& query, const Var& key, const Var& value,
              const AttentionSettings& settings);
/// With a bias (heads, queries, keys) that is added to the scores of each sample. Its memory is not
/// linear in the lengths.
Var attention(Context& context, const Var& query, const Var& key, const Var& value, const Var& bias,
              const AttentionSettings& settings);

}  // namespace elm

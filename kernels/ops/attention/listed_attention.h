#pragma once

#include "kernels/autograd/variable.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/attention/key_lists.h"

/// Exact attention of the keys that stand in lists, of which a tile of queries has one in common.
/// For each sample and head, with d features of queries and keys and the sums over the entries
/// (j, first, end) of the tile's list whose range of rows has query i in it,
///
///     s[i][j]    = scale q[i] k[j], or `self_score` where i = j and there is one
///     log_sum[i] = log of the sum of exp(s[i][j])
///     output[i]  = sum of exp(s[i][j] - log_sum[i]) v[j]
///
/// A key that is listed twice counts twice. Backward, with g and h the gradients of the output and
/// of log_sum,
///
///     ds[i][j] = p[i][j] (g[i] v[j] - g[i] output[i] + h[i])
///     dv[j]    = sum over i of p[i][j] g[i]
///     dq[i]    = scale sum of ds[i][j] k[j]
///     dk[j]    = scale sum of ds[i][j] q[i]
///
/// Cost is that of the entries times the rows of a tile, in memory that is linear in the entries.
/// Sources: block patterns of Child et al. 2019, arXiv 1904.10509; Zaheer et al. 2020, arXiv
/// 2007.14062; Kitaev et al. 2020, arXiv 2001.04451.
namespace elm {

/// Finite, so that results of several lists can be put together by their log_sums.
inline constexpr double nothing_seen = -1e30;

struct ListedAttentionShape {
    std::int64_t batch, heads, queries, keys, features, value_features;
    std::int64_t tile;                      // rows of a list
    std::int64_t list_samples, list_heads;  // that have lists of their own; 1: one for all

    ELM_HD std::int64_t tiles() const { return (queries + tile - 1) / tile; }
    ELM_HD std::int64_t group(std::int64_t sample, std::int64_t head) const {
        return (list_samples == 1 ? 0 : sample) * list_heads + (list_heads == 1 ? 0 : head);
    }
};

/// Lists of group g and tile t are entries starts[g tiles + t] .. starts[g tiles + t + 1], each of
/// (key, first row, end row); `order` (groups, queries) says which query a row is, or no data: the
/// one of its number. `lengths` (batch): how many keys count, or no data: all. log_sums (batch,
/// heads, queries); a query that sees no key has an output of 0 and nothing_seen for its log_sum.
template <class Real>
struct ListedAttentionArgs {
    ListedAttentionShape shape;
    Real scale;
    bool has_self_score;
    Real self_score;
    AttentionRows<const Real> query, key, value;
    View<const std::int32_t, 1> lengths, starts;
    View<const std::int32_t, 2> entries, order;
    AttentionRows<Real> output;
    View<Real, 3> log_sums;

    ELM_HD std::int64_t keys_of(std::int64_t sample) const {
        return lengths.data == nullptr ? shape.keys : lengths(sample);
    }
    ELM_HD std::int64_t query_of(std::int64_t group, std::int64_t row) const {
        return order.data == nullptr ? row : order(group, row);
    }
};

/// `key_starts` (groups keys + 1) and `key_entries` (entries, 2) say which entries hold a key:
/// their numbers and tiles; a device needs them, and `products` (batch, heads, queries), room for
/// g[i] output[i] - h[i].
template <class Real>
struct ListedAttentionBackwardArgs {
    ListedAttentionArgs<Real> forward;  // its output and log_sums are read
    AttentionRows<const Real> output_gradient;
    View<const Real, 3> log_sum_gradient;
    View<const std::int32_t, 1> key_starts;
    View<const std::int32_t, 2> key_entries;
    AttentionRows<Real> query_gradient, key_gradient, value_gradient;
    View<Real, 3> products;
};

template <class Backend, class Real>
void run_listed_attention(Stream& stream, const ListedAttentionArgs<Real>& args);
template <class Backend, class Real>
void run_listed_attention_backward(Stream& stream, const ListedAttentionBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<ListedAttentionArgs<Real>> listed_attention_kernel{
    "listed_attention", &run_listed_attention<Cpu, Real>,
    ELM_IF_CUDA((&run_listed_attention<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<ListedAttentionBackwardArgs<Real>> listed_attention_backward_kernel{
    "listed_attention_backward", &run_listed_attention_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_listed_attention_backward<Cuda, Real>))};

struct ListedAttentionSettings {
    std::int64_t heads = 1;
    /// Keys of each sample that count, (batch) as int32 on the host. Undefined: all.
    Tensor lengths = {};
    /// Of scores; 0: 1 / sqrt(features of a head).
    double scale = 0;
    /// Takes the place of the score of a query with the key of its own number; NaN: nothing does.
    double self_score = no_self_score;

    static constexpr double no_self_score = __builtin_nan("");
};

struct ListedAttentionResult {
    Var output;    // (batch, queries, heads value features)
    Var log_sums;  // (batch, heads, queries)
};

/// Differentiable form. Shapes: query (batch, queries, heads features), key (batch, keys, heads
/// features), value (batch, keys, heads value features). The lists are on the host. Throws
/// Error{invalid} naming the argument whose shape does not fit, for lengths that cannot be, and for
/// lists of other queries, keys, samples or heads.
ListedAttentionResult listed_attention(Context& context, const Var& query, const Var& key,
                                       const Var& value, const KeyLists& lists,
                                       const ListedAttentionSettings& settings);

}  // namespace elm

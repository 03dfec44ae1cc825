#include "baselines/mixers/sparse/prob_sparse_attention.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "baselines/mixers/attention/heads.h"
#include "baselines/mixers/padding.h"
#include "baselines/mixers/sparse/host_values.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/attention/sampled_scores.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/embedding.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reduction.h"

namespace elm {
namespace {

/// Rows of queries (pairs time) that are chosen, and where each row of the result (pairs time) is:
/// chosen + 1 rows of each pair, of which the last one is the mean.
struct Choice {
    std::vector<std::int32_t> chosen, result;
};

Choice choose(std::span<const double> measures, const Shape& shape,
              const std::vector<std::int64_t>& lengths, std::int64_t count) {
    const std::int64_t heads = shape[1], steps = shape[2];
    Choice choice;
    for (std::int64_t pair = 0; pair < shape[0] * heads; ++pair) {
        const auto sample = static_cast<std::size_t>(pair / heads);
        const std::int64_t length = lengths[lengths.size() == 1 ? 0 : sample];
        const auto own = measures.subspan(static_cast<std::size_t>(pair * steps));
        std::vector<std::int64_t> order(static_cast<std::size_t>(length));
        std::iota(order.begin(), order.end(), std::int64_t{0});
        std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
            return own[static_cast<std::size_t>(a)] > own[static_cast<std::size_t>(b)];
        });
        const std::int64_t begin = pair * (count + 1);
        choice.result.insert(choice.result.end(), static_cast<std::size_t>(steps),
                             static_cast<std::int32_t>(begin + count));
        for (std::int64_t i = 0; i < count; ++i) {
            const std::int64_t query = i < length ? order[static_cast<std::size_t>(i)] : 0;
            choice.chosen.push_back(static_cast<std::int32_t>(pair * steps + query));
            if (i >= length) continue;
            choice.result[static_cast<std::size_t>(pair * steps + query)] =
                static_cast<std::int32_t>(begin + i);
        }
    }
    return choice;
}

/// Of the steps that count, (pairs, 1, width).
Var means(Context& context, const Var& value, const std::vector<std::int64_t>& lengths,
          const ProbSparseSettings& settings) {
    const Shape& shape = value.value.shape();
    const Var counted = without_padding(context, value, settings.lengths);
    const Var total = sum(context, split_heads(context, counted, settings.heads), 1);
    const Var each = visit_real(value.value.dtype(), [&]<class Real>(Real) {
        std::vector<Real> factors;
        for (std::int64_t sample = 0; sample < shape[0]; ++sample) {
            const auto at = lengths.size() == 1 ? 0 : static_cast<std::size_t>(sample);
            const auto length = static_cast<double>(std::max<std::int64_t>(lengths[at], 1));
            factors.insert(factors.end(), static_cast<std::size_t>(shape[2]),
                           static_cast<Real>(1 / length));
        }
        return multiply(context, total,
                        {Tensor::from<Real>(context.stream, total.value.shape(), factors)});
    });
    return reshape(context, each, {shape[0] * settings.heads, 1, shape[2] / settings.heads});
}

/// One length for each pair of sample and head.
Tensor lengths_of_pairs(const Tensor& lengths, std::int64_t heads) {
    if (!lengths.defined()) return {};
    std::vector<std::int32_t> all;
    for (const std::int32_t length : lengths.host<std::int32_t>()) {
        all.insert(all.end(), static_cast<std::size_t>(heads), length);
    }
    Stream host{Device{}};
    return Tensor::from<std::int32_t>(host, {std::ssize(all)}, all);
}

}  // namespace

Var prob_sparse_attention(Context& context, const Var& query, const Var& key, const Var& value,
                          const ProbSparseSettings& settings) {
    const Shape shape = query.value.shape();
    const std::int64_t heads = settings.heads, pairs = shape[0] * heads, width = shape[2] / heads;
    const std::vector<std::int64_t> lengths = lengths_of(settings.lengths, shape[1]);
    const Tensor measures = sampled_scores(context.stream, query.value, key.value, heads,
                                           settings.sample, settings.lengths);
    context.count(2 * query.value.shape().size() * settings.sample.shape()[1]);
    const Choice choice =
        choose(host_values(context.stream, measures), measures.shape(), lengths, settings.chosen);
    const Var rows = embedding(
        context, reshape(context, split_heads(context, query, heads), {pairs * shape[1], width}),
        Tensor::from<std::int32_t>(context.stream, {pairs, settings.chosen}, choice.chosen));
    const Var parts[] = {attention(context, rows, split_heads(context, key, heads),
                                   split_heads(context, value, heads),
                                   {.lengths = lengths_of_pairs(settings.lengths, heads)}),
                         means(context, value, lengths, settings)};
    const Var all =
        reshape(context, concatenate(context, parts, 1), {pairs * (settings.chosen + 1), width});
    const Tensor result =
        Tensor::from<std::int32_t>(context.stream, {pairs, shape[1]}, choice.result);
    return join_heads(context, embedding(context, all, result), heads);
}

}  // namespace elm

#include "kernels/ops/attention/listed_attention.h"

#include <cmath>
#include <vector>

#include "kernels/autograd/context.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

/// Tensors of one use of the op.
struct Use {
    ListedAttentionShape shape;
    double scale, self_score;
    Tensor query, key, value, lengths, output, log_sums;
    KeyLists::Arrays lists;
    KeyLists::ArraysByKey lists_by_key = {};  // where there is a tape, on a device

    template <class Real>
    AttentionRows<Real> rows(const Tensor& tensor, std::int64_t features) const {
        return {reinterpret_cast<Real*>(tensor.data()), tensor.shape()[1], shape.heads, features};
    }
    template <class Real>
    ListedAttentionArgs<Real> args() const {
        const View<const std::int32_t, 1> all{nullptr, {0}};
        const View<const std::int32_t, 2> in_order{nullptr, {0, 0}};
        return {
            .shape = shape,
            .scale = static_cast<Real>(scale),
            .has_self_score = !std::isnan(self_score),
            .self_score = static_cast<Real>(self_score),
            .query = rows<const Real>(query, shape.features),
            .key = rows<const Real>(key, shape.features),
            .value = rows<const Real>(value, shape.value_features),
            .lengths = lengths.defined() ? view<const std::int32_t, 1>(lengths) : all,
            .starts = view<const std::int32_t, 1>(lists.starts),
            .entries = view<const std::int32_t, 2>(lists.entries),
            .order = lists.order.defined() ? view<const std::int32_t, 2>(lists.order) : in_order,
            .output = rows<Real>(output, shape.value_features),
            .log_sums = view<Real, 3>(log_sums)};
    }
};

std::int64_t features_of(const char* what, std::int64_t all, std::int64_t heads) {
    ELM_CHECK(all > 0 && all % heads == 0,
              "listed_attention: {} has {} features for {} heads, expected a multiple", what, all,
              heads);
    return all / heads;
}

void require_lists(const KeyLists& lists, std::int64_t batch, std::int64_t heads,
                   std::int64_t queries, std::int64_t keys) {
    ELM_CHECK(lists.queries() == queries && lists.keys() == keys,
              "listed_attention: lists of {} queries and {} keys for {} and {}", lists.queries(),
              lists.keys(), queries, keys);
    ELM_CHECK((lists.samples() == 1 || lists.samples() == batch) &&
                  (lists.heads() == 1 || lists.heads() == heads),
              "listed_attention: lists of {} samples and {} heads for {} and {}, expected as many "
              "or 1",
              lists.samples(), lists.heads(), batch, heads);
}

ListedAttentionShape shape_of(const Var& query, const Var& key, const Var& value,
                              const KeyLists& lists, const ListedAttentionSettings& settings) {
    const auto [batch, queries, width] = require_rank<3>(
        query.value.shape(), "listed_attention: query (batch, queries, heads features)");
    const auto [key_batch, keys, key_width] =
        require_rank<3>(key.value.shape(), "listed_attention: key (batch, keys, heads features)");
    require_shape(key.value.shape(), {batch, keys, width},
                  "listed_attention: key (batch, keys, heads features)");
    const std::int64_t value_width = value.value.shape().rank() == 3 ? value.value.shape()[2] : 1;
    require_shape(value.value.shape(), {batch, keys, value_width},
                  "listed_attention: value (batch, keys, heads value features)");
    ELM_CHECK(settings.heads > 0, "listed_attention: expected at least one head (got {})",
              settings.heads);
    require_lists(lists, batch, settings.heads, queries, keys);
    if (settings.lengths.defined()) {
        require_shape(settings.lengths.shape(), {batch}, "listed_attention: lengths (batch)");
        for (const std::int32_t length : settings.lengths.host<std::int32_t>()) {
            ELM_CHECK(length >= 0 && length <= keys,
                      "listed_attention: a length of {} among {} keys", length, keys);
        }
    }
    return {.batch = batch,
            .heads = settings.heads,
            .queries = queries,
            .keys = keys,
            .features = features_of("query", width, settings.heads),
            .value_features = features_of("value", value_width, settings.heads),
            .tile = lists.tile(),
            .list_samples = lists.samples(),
            .list_heads = lists.heads()};
}

void differentiate(Stream& stream, const Use& use, std::span<const Tensor> gradients,
                   std::span<GradSink> sinks) {
    const Tensor query = Tensor::empty(stream, use.query.shape(), use.query.dtype());
    const Tensor key = Tensor::zeros(stream, use.key.shape(), use.key.dtype());
    const Tensor value = Tensor::zeros(stream, use.value.shape(), use.value.dtype());
    const Tensor products = Tensor::empty(stream, use.log_sums.shape(), use.log_sums.dtype());
    visit_real(query.dtype(), [&]<class Real>(Real) {
        const ListedAttentionShape& shape = use.shape;
        const KeyLists::ArraysByKey& by_key = use.lists_by_key;
        const bool known = by_key.starts.defined();
        listed_attention_backward_kernel<Real>(
            stream, {.forward = use.args<Real>(),
                     .output_gradient = use.rows<const Real>(gradients[0], shape.value_features),
                     .log_sum_gradient = view<const Real, 3>(gradients[1]),
                     .key_starts = known ? view<const std::int32_t, 1>(by_key.starts)
                                         : View<const std::int32_t, 1>{},
                     .key_entries = known ? view<const std::int32_t, 2>(by_key.entries)
                                          : View<const std::int32_t, 2>{},
                     .query_gradient = use.rows<Real>(query, shape.features),
                     .key_gradient = use.rows<Real>(key, shape.features),
                     .value_gradient = use.rows<Real>(value, shape.value_features),
                     .products = view<Real, 3>(products)});
    });
    sinks[0].deliver(stream, query);
    sinks[1].deliver(stream, key);
    sinks[2].deliver(stream, value);
}

}  // namespace

ListedAttentionResult listed_attention(Context& context, const Var& query, const Var& key,
                                       const Var& value, const KeyLists& lists,
                                       const ListedAttentionSettings& settings) {
    const ListedAttentionShape shape = shape_of(query, key, value, lists, settings);
    const double usual = 1 / std::sqrt(static_cast<double>(shape.features));
    const DType dtype = query.value.dtype();
    Use use{
        .shape = shape,
        .scale = settings.scale == 0 ? usual : settings.scale,
        .self_score = settings.self_score,
        .query = query.value,
        .key = key.value,
        .value = value.value,
        .lengths = settings.lengths.defined() ? settings.lengths.to(context.stream) : Tensor{},
        .output =
            Tensor::empty(context.stream,
                          {shape.batch, shape.queries, shape.heads * shape.value_features}, dtype),
        .log_sums = Tensor::empty(context.stream, {shape.batch, shape.heads, shape.queries}, dtype),
        .lists = lists.arrays(context.stream)};
    if (context.tape != nullptr && context.stream.device().kind == DeviceKind::cuda) {
        use.lists_by_key = lists.arrays_by_key(context.stream);
    }
    visit_real(dtype, [&]<class Real>(Real) {
        listed_attention_kernel<Real>(context.stream, use.args<Real>());
    });
    if (context.operations != nullptr) {
        const std::int64_t sharing = shape.batch / shape.list_samples * shape.heads /
                                     shape.list_heads;  // samples and heads of a group
        context.count(2 * sharing * lists.pairs() * (shape.features + shape.value_features));
    }
    const std::vector<Var> results =
        record(context, {use.output, use.log_sums}, {query, key, value},
               [use](Stream& stream, std::span<const Tensor> gradients, std::span<GradSink> sinks) {
                   differentiate(stream, use, gradients, sinks);
               });
    return {results[0], results[1]};
}

}  // namespace elm

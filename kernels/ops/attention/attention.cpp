#include "kernels/ops/attention/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/autograd/context.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

/// Tensors of one use of the op.
struct Use {
    AttentionShape shape;
    double scale;
    Tensor query, key, value, bias, lengths, output, log_sums;

    template <class Real>
    AttentionRows<Real> rows(const Tensor& tensor, std::int64_t features) const {
        return {reinterpret_cast<Real*>(tensor.data()), tensor.shape()[1], shape.heads, features};
    }
    template <class Real>
    AttentionArgs<Real> args() const {
        const View<const std::int32_t, 1> all{nullptr, {0}};
        return {.shape = shape,
                .scale = static_cast<Real>(scale),
                .query = rows<const Real>(query, shape.features),
                .key = rows<const Real>(key, shape.features),
                .value = rows<const Real>(value, shape.value_features),
                .lengths = lengths.defined() ? view<const std::int32_t, 1>(lengths) : all,
                .bias = bias.defined() ? view<const Real, 3>(bias) : View<const Real, 3>{},
                .output = rows<Real>(output, shape.value_features),
                .log_sums = view<Real, 3>(log_sums)};
    }
};

std::int64_t features_of(const char* what, std::int64_t all, std::int64_t heads) {
    ELM_CHECK(all > 0 && all % heads == 0,
              "attention: {} has {} features for {} heads, expected a multiple", what, all, heads);
    return all / heads;
}

AttentionShape shape_of(const Var& query, const Var& key, const Var& value,
                        const AttentionSettings& settings) {
    const auto [batch, queries, width] =
        require_rank<3>(query.value.shape(), "attention: query (batch, queries, heads features)");
    const auto [key_batch, keys, key_width] =
        require_rank<3>(key.value.shape(), "attention: key (batch, keys, heads features)");
    require_shape(key.value.shape(), {batch, keys, width},
                  "attention: key (batch, keys, heads features)");
    const std::int64_t value_width = value.value.shape().rank() == 3 ? value.value.shape()[2] : 1;
    require_shape(value.value.shape(), {batch, keys, value_width},
                  "attention: value (batch, keys, heads value features)");
    ELM_CHECK(settings.heads > 0, "attention: expected at least one head (got {})", settings.heads);
    const std::int64_t after = settings.causal ? 0 : settings.after;
    ELM_CHECK(settings.before >= 0 && after >= 0,
              "attention: a query sees {} keys before it and {} after it: expected at least 0",
              settings.before, after);
    const bool sees_all = settings.before >= keys && after >= std::max(keys, queries);
    ELM_CHECK(sees_all || queries <= keys,
              "attention: where not all is seen, queries are the last steps of the keys' sequence, "
              "but there are {} of them and {} keys",
              queries, keys);
    if (settings.lengths.defined()) {
        require_shape(settings.lengths.shape(), {batch}, "attention: lengths (batch)");
        for (const std::int32_t length : settings.lengths.host<std::int32_t>()) {
            ELM_CHECK(length >= 0 && length <= keys, "attention: a length of {} among {} keys",
                      length, keys);
        }
    }
    return {.batch = batch,
            .heads = settings.heads,
            .queries = queries,
            .keys = keys,
            .features = features_of("query", width, settings.heads),
            .value_features = features_of("value", value_width, settings.heads),
            .before = settings.before,
            .after = after};
}

void differentiate(Stream& stream, const Use& use, const Tensor& gradient,
                   std::span<GradSink> sinks) {
    const auto like = [&](const Tensor& tensor) {
        return Tensor::empty(stream, tensor.shape(), tensor.dtype());
    };
    const Tensor query = like(use.query), key = like(use.key), value = like(use.value);
    const Tensor products = like(use.log_sums);
    const bool of_bias = sinks.size() > 3 && sinks[3].wanted();
    const Tensor bias =
        of_bias ? Tensor::zeros(stream, use.bias.shape(), use.bias.dtype()) : Tensor{};
    visit_real(gradient.dtype(), [&]<class Real>(Real) {
        const AttentionShape& shape = use.shape;
        attention_backward_kernel<Real>(
            stream, {.forward = use.args<Real>(),
                     .output_gradient = use.rows<const Real>(gradient, shape.value_features),
                     .query_gradient = use.rows<Real>(query, shape.features),
                     .key_gradient = use.rows<Real>(key, shape.features),
                     .value_gradient = use.rows<Real>(value, shape.value_features),
                     .bias_gradient = of_bias ? view<Real, 3>(bias) : View<Real, 3>{},
                     .products = view<Real, 3>(products)});
    });
    sinks[0].deliver(stream, query);
    sinks[1].deliver(stream, key);
    sinks[2].deliver(stream, value);
    if (of_bias) sinks[3].deliver(stream, bias);
}

/// `bias` may be null.
Var attend(Context& context, const Var& query, const Var& key, const Var& value, const Var* bias,
           const AttentionSettings& settings) {
    const AttentionShape shape = shape_of(query, key, value, settings);
    if (bias != nullptr) {
        require_shape(bias->value.shape(), {shape.heads, shape.queries, shape.keys},
                      "attention: bias (heads, queries, keys)");
    }
    require_attention_fits(limits_of(context.stream.device()),
                           std::max(shape.features, shape.value_features));
    const double usual = 1 / std::sqrt(static_cast<double>(shape.features));
    const DType dtype = query.value.dtype();
    Use use{.shape = shape,
            .scale = settings.scale == 0 ? usual : settings.scale,
            .query = query.value,
            .key = key.value,
            .value = value.value,
            .bias = bias == nullptr ? Tensor{} : bias->value,
            .lengths = settings.lengths.defined() ? settings.lengths.to(context.stream) : Tensor{},
            .output = Tensor::empty(
                context.stream, {shape.batch, shape.queries, shape.heads * shape.value_features},
                dtype),
            .log_sums =
                Tensor::empty(context.stream, {shape.batch, shape.heads, shape.queries}, dtype)};
    visit_real(dtype,
               [&]<class Real>(Real) { attention_kernel<Real>(context.stream, use.args<Real>()); });
    if (context.operations != nullptr) context.count(shape.operations());
    std::vector<Var> inputs{query, key, value};
    if (bias != nullptr) inputs.push_back(*bias);
    return record(context, use.output, std::span<const Var>(inputs),
                  [use](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
                      differentiate(stream, use, gradient, sinks);
                  });
}

}  // namespace

void require_attention_fits(const DeviceLimits& device, std::int64_t head_features) {
    if (device.kind == DeviceKind::cpu || head_features <= attention_device_features) return;
    throw Error(ErrorKind::unsupported,
                fmt::format("attention: heads of {} features, on CUDA at most {}. Use more heads.",
                            head_features, attention_device_features));
}

Var attention(Context& context, const Var& query, const Var& key, const Var& value,
              const AttentionSettings& settings) {
    return attend(context, query, key, value, nullptr, settings);
}

Var attention(Context& context, const Var& query, const Var& key, const Var& value, const Var& bias,
              const AttentionSettings& settings) {
    return attend(context, query, key, value, &bias, settings);
}

}  // namespace elm

#include "kernels/ops/attention/linear_attention.h"

#include "kernels/autograd/context.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/attention/divide_by_last.h"
#include "kernels/ops/attention/outer_scan.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"

namespace elm {
namespace {

/// Values with a 1 behind those of each head, whose weighted sum is that of the weights: (batch,
/// keys, heads (value features + 1)).
Var with_ones(Context& context, const Var& value, std::int64_t heads) {
    const auto [batch, keys, width] = require_rank<3>(
        value.value.shape(), "linear_attention: value (batch, keys, heads value features)");
    ELM_CHECK(heads > 0 && width > 0 && width % heads == 0,
              "linear_attention: value has {} features for {} heads, expected a multiple", width,
              heads);
    Context plain{context.stream};
    const Var zeros{Tensor::zeros(context.stream, {batch, keys, heads, 1}, value.value.dtype())};
    const Var parts[] = {reshape(context, value, {batch, keys, heads, width / heads}),
                         scale(plain, zeros, 0, 1)};
    return reshape(context, concatenate(context, parts, 3), {batch, keys, width + heads});
}

}  // namespace

Var linear_attention(Context& context, const Var& query, const Var& key, const Var& value,
                     const LinearAttentionSettings& settings) {
    const Var sums = outer_scan(context, with_ones(context, value, settings.heads), key, query,
                                {.heads = settings.heads,
                                 .causal = settings.causal,
                                 .lengths = settings.lengths,
                                 .start = settings.start,
                                 .end = settings.end});
    const Shape shape = sums.value.shape();
    const std::int64_t heads = settings.heads, columns = shape[2] / heads;
    const Var rows = reshape(context, sums, {shape[0], shape[1], heads, columns});
    return reshape(context, divide_by_last(context, rows, settings.epsilon),
                   {shape[0], shape[1], shape[2] - heads});
}

}  // namespace elm

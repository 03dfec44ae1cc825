#include "baselines/mixers/gated/weighted_reads.h"

#include <algorithm>

#include "baselines/mixers/padding.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/tabulate.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

/// 1 / the number of keys that count for each query, in the shape of the queries.
Tensor inverse_counts(Context& context, const WeightedReads& in) {
    const Shape& shape = in.query.value.shape();
    const std::int64_t before = in.keys() - in.queries(), keys = in.keys();
    return tabulate(context.stream, shape, in.query.value.dtype(), [&](std::int64_t at) {
        const std::int64_t row = at / shape[2], sample = row / shape[1];
        std::int64_t count = keys;
        if (in.causal) {
            count = before + row % shape[1] + 1;
        } else if (in.counts.defined()) {
            count = in.counts.host<std::int32_t>()[static_cast<std::size_t>(sample)];
        }
        return 1 / static_cast<double>(std::max<std::int64_t>(count, 1));
    });
}

/// 1 where a query may see a key, else 0.
Tensor triangle(Context& context, const WeightedReads& in) {
    const std::int64_t keys = in.keys(), before = keys - in.queries();
    return tabulate(context.stream, {in.queries(), keys}, in.key.value.dtype(),
                    [=](std::int64_t at) { return at % keys <= at / keys + before ? 1.0 : 0.0; });
}

}  // namespace

void declare_weights(OptionSet& options) {
    options.declare({.name = "attention",
                     .value = std::string("softmax"),
                     .help = "what makes weights of scores",
                     .choices = {"softmax", "laplace", "relu2"}});
}

Var read_weighted(Context& context, const std::string& kind, const WeightedReads& in) {
    if (kind == "softmax") {
        return attention(context, in.query, in.key, in.value,
                         reshape(context, in.bias, {1, in.queries(), in.keys()}),
                         {.heads = 1, .causal = in.causal, .lengths = in.counts});
    }
    const Var scaled = multiply(context, in.query, {inverse_counts(context, in)});
    const Var scores =
        add(context, matmul(context, scaled, transpose(context, in.key, 1, 2)), in.bias);
    Var weights =
        activate(context, scores, kind == "laplace" ? Activation::laplace : Activation::relu2);
    if (in.causal) weights = multiply(context, weights, {triangle(context, in)});
    return matmul(context, weights, without_padding(context, in.value, in.counts));
}

}  // namespace elm

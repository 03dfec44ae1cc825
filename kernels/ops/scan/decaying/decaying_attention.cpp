#include "kernels/ops/scan/decaying/decaying_attention.h"

#include <algorithm>

#include "kernels/autograd/context.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/basic/tabulate.h"
#include "kernels/ops/product/matmul.h"
#include "kernels/ops/scan/state_space/diagonal_scan.h"

namespace elm {
namespace {

/// Extents: `pairs` of a sample and a head, `chunks` of `chunk` steps each.
struct Extents {
    std::int64_t batch, steps, heads, features, value_features, chunk, chunks;

    std::int64_t pairs() const { return batch * heads; }
    std::int64_t all_chunks() const { return pairs() * chunks; }
};

Extents extents_of(const Var& query, const Var& key, const Var& value, const Var& log_decay,
                   const DecayingAttentionSettings& settings) {
    const auto [batch, steps, width] = require_rank<3>(
        query.value.shape(), "decaying_attention: query (batch, time, heads features)");
    const auto [value_batch, value_steps, value_width] = require_rank<3>(
        value.value.shape(), "decaying_attention: value (batch, time, heads value features)");
    const std::int64_t heads = settings.heads;
    ELM_CHECK(
        heads > 0 && width > 0 && width % heads == 0 && value_width > 0 && value_width % heads == 0,
        "decaying_attention: {} features and {} value features for {} heads, expected "
        "multiples",
        width, value_width, heads);
    ELM_CHECK(settings.chunk > 0, "decaying_attention: a chunk of {} steps, expected at least 1",
              settings.chunk);
    require_shape(key.value.shape(), {batch, steps, width},
                  "decaying_attention: key (batch, time, heads features)");
    require_shape(value.value.shape(), {batch, steps, value_width},
                  "decaying_attention: value (batch, time, heads value features)");
    require_shape(log_decay.value.shape(), {batch, steps, heads},
                  "decaying_attention: log_decay (batch, time, heads)");
    const std::int64_t chunk = std::clamp<std::int64_t>(steps, 1, settings.chunk);
    return {batch,
            steps,
            heads,
            width / heads,
            value_width / heads,
            chunk,
            (steps + chunk - 1) / chunk};
}

/// (batch, time, heads columns) → (pairs chunks, chunk, columns), with zeros behind the last step.
Var in_chunks(Context& context, const Var& rows, const Extents& of, std::int64_t columns) {
    const std::int64_t steps = of.chunks * of.chunk;
    const Var full = steps == of.steps ? rows : pad(context, rows, 1, 0, steps - of.steps);
    const Var heads = reshape(context, full, {of.batch, steps, of.heads, columns});
    return reshape(context, transpose(context, heads, 1, 2), {of.all_chunks(), of.chunk, columns});
}

Var out_of_chunks(Context& context, const Var& rows, const Extents& of) {
    const std::int64_t steps = of.chunks * of.chunk;
    const Var heads = reshape(context, rows, {of.batch, of.heads, steps, of.value_features});
    const Var full = reshape(context, transpose(context, heads, 1, 2),
                             {of.batch, steps, of.heads * of.value_features});
    return steps == of.steps ? full : slice(context, full, 1, 0, of.steps);
}

/// What a chunk's decays give.
struct ChunkDecays {
    Var since_start;    // exp(s[i]), (pairs chunks, chunk)
    Var between;        // exp(s[i] - s[j]) for j <= i, else 0, (pairs chunks, chunk, chunk)
    Var of_whole;       // exp(s[Q-1]), (pairs chunks, 1)
    Var until_the_end;  // exp(s[Q-1] - s[j]), (pairs chunks, chunk)
};

ChunkDecays decays_of(Context& context, const Var& log_decay, const Extents& of) {
    const DType dtype = log_decay.value.dtype();
    const Shape rows{of.all_chunks(), of.chunk};
    const Var each = reshape(context, in_chunks(context, log_decay, of, 1), rows);
    const Shape square{of.chunk, of.chunk};
    const std::int64_t n = of.chunk;
    const Var up_to{tabulate(context.stream, square, dtype,
                             [n](std::int64_t at) { return at / n <= at % n ? 1.0 : 0.0; })};
    // Far below any logarithm: exp makes 0 of it, before it could make infinity of s[i] - s[j].
    const Var later{tabulate(context.stream, square, dtype,
                             [n](std::int64_t at) { return at % n <= at / n ? 0.0 : -1e30; })};
    const Var sums = matmul(context, each, up_to);
    const Var differences =
        subtract(context, repeat(context, sums, 2, of.chunk), repeat(context, sums, 1, of.chunk));
    const Var between = activate(context, add(context, differences, later), Activation::exp);
    const Var since_start = activate(context, sums, Activation::exp);
    const Var last_row = slice(context, between, 1, of.chunk - 1, of.chunk);
    return {since_start, between, slice(context, since_start, 1, of.chunk - 1, of.chunk),
            reshape(context, last_row, rows)};
}

/// M before each chunk, (pairs chunks, value features, features), and the last one.
Var matrices(Context& context, const Var& key, const Var& value, const ChunkDecays& decays,
             const Extents& of, const DecayingAttentionSettings& settings) {
    const DType dtype = key.value.dtype();
    const std::int64_t size = of.value_features * of.features;
    const Shape start_shape{of.batch, of.heads, of.value_features, of.features};
    Var start = settings.start;
    if (!start.value.defined()) start = {Tensor::zeros(context.stream, start_shape, dtype)};
    require_shape(start.value.shape(), start_shape,
                  "decaying_attention: start (batch, heads, value features, features)");
    const Var weights = repeat(context, decays.until_the_end, 1, of.value_features);
    const Var left = multiply(context, transpose(context, value, 1, 2), weights);
    const Shape by_pair{of.pairs(), of.chunks, size};
    const Var added = reshape(context, matmul(context, left, key), by_pair);
    const Var decay = reshape(context, repeat(context, decays.of_whole, 2, size), by_pair);
    const Var initial = reshape(context, start, {of.pairs(), size});
    const Var after = diagonal_scan(context, decay, added, initial);
    const Var first = reshape(context, initial, {of.pairs(), 1, size});
    const Var parts[] = {first, slice(context, after, 1, 0, of.chunks - 1)};
    if (settings.end != nullptr) {
        *settings.end =
            reshape(context, slice(context, after, 1, of.chunks - 1, of.chunks), start_shape);
    }
    return reshape(context, concatenate(context, parts, 1),
                   {of.all_chunks(), of.value_features, of.features});
}

}  // namespace

Var decaying_attention(Context& context, const Var& query, const Var& key, const Var& value,
                       const Var& log_decay, const DecayingAttentionSettings& settings) {
    const Extents of = extents_of(query, key, value, log_decay, settings);
    if (of.steps == 0) {
        if (settings.end != nullptr) *settings.end = settings.start;
        return {Tensor::zeros(context.stream, value.value.shape(), value.value.dtype())};
    }
    const Var q = in_chunks(context, query, of, of.features);
    const Var k = in_chunks(context, key, of, of.features);
    const Var v = in_chunks(context, value, of, of.value_features);
    const ChunkDecays decays = decays_of(context, log_decay, of);
    const Var scores = matmul(context, q, transpose(context, k, 1, 2));
    const Var own = matmul(context, multiply(context, decays.between, scores), v);
    const Var before = matrices(context, k, v, decays, of, settings);
    const Var decayed = multiply(context, q, repeat(context, decays.since_start, 2, of.features));
    const Var past = matmul(context, decayed, transpose(context, before, 1, 2));
    return out_of_chunks(context, add(context, own, past), of);
}

double decaying_attention_flops(std::int64_t heads, std::int64_t features,
                                std::int64_t value_features, std::int64_t chunk,
                                std::int64_t steps) {
    if (steps < 1) return 0;
    const std::int64_t rows = std::min(chunk, steps), chunks = (steps + rows - 1) / rows;
    // q k and what it weights within a chunk; M, what is added to it, and what reads it.
    const std::int64_t within = 2 * rows * (features + value_features),
                       between = 4 * features * value_features;
    const std::int64_t of_chunk = rows * (within + between) + 2 * features * value_features;
    return static_cast<double>(heads * chunks * of_chunk) / static_cast<double>(steps);
}

}  // namespace elm

#include "baselines/mixers/attention/causal_long_short.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>

#include "kernels/core/support/check.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/softmax.h"
#include "kernels/ops/basic/tabulate.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

constexpr double unseen = -1e30;  // finite, so that it may be added

/// Products of each row of each head with `rows` (count, heads width), (batch heads, steps, count).
Var by_head(Context& context, const Var& query, const Var& rows, std::int64_t heads) {
    const Shape shape = query.value.shape();
    const std::int64_t width = shape[2] / heads, count = rows.value.shape()[0];
    const Var of_head = transpose(context, reshape(context, rows, {count, heads, width}), 0, 1);
    const Var queries =
        transpose(context, reshape(context, query, {shape[0] * shape[1], heads, width}), 0, 1);
    const Var products = matmul(context, queries, transpose(context, of_head, 1, 2));
    const Var each =
        reshape(context, transpose(context, products, 0, 1), {shape[0], shape[1], heads, count});
    return reshape(context, transpose(context, each, 1, 2), {shape[0] * heads, shape[1], count});
}

/// (batch blocks heads, rows, columns) → (batch heads, blocks rows, columns), and back.
Var blocks_to_steps(Context& context, const Var& all, std::int64_t blocks, std::int64_t heads) {
    const Shape shape = all.value.shape();
    const std::int64_t batch = shape[0] / (blocks * heads), size = shape[1] * shape[2];
    const Var each = reshape(context, all, {batch, blocks, heads, size});
    return reshape(context, transpose(context, each, 1, 2),
                   {batch * heads, blocks * shape[1], shape[2]});
}
Var steps_to_blocks(Context& context, const Var& all, std::int64_t batch, std::int64_t heads,
                    std::int64_t block) {
    const Shape shape = all.value.shape();
    const std::int64_t blocks = shape[1] / block, size = block * shape[2];
    const Var each = reshape(context, all, {batch, heads, blocks, size});
    return reshape(context, transpose(context, each, 1, 2),
                   {batch * blocks * heads, block, shape[2]});
}

/// A table of one column beside the features of each row.
Var with_column(Context& context, const Var& rows,
                const std::function<double(std::int64_t)>& number) {
    const Shape& shape = rows.value.shape();
    const Var parts[] = {
        rows, {tabulate(context.stream, {shape[0], shape[1], 1}, rows.value.dtype(), number)}};
    return concatenate(context, parts, 2);
}

}  // namespace

CausalLongShort::CausalLongShort(const OptionSet& options, const MixerPlace& place)
    : SequenceMixer(place.width),
      sees_zeros_(is_release(options)),
      window_(options.get<std::int64_t>("causal_window")),
      chunk_(options.get<std::int64_t>("chunk_steps")),
      per_chunk_(options.get<std::int64_t>("chunk_summaries")),
      memory_(options.get<std::int64_t>("memory")),
      projections_(options, place.width, true,
                   [this](const char* name, std::unique_ptr<Linear> linear) -> Linear& {
                       return child(name, std::move(linear));
                   }),
      // A bias would be the same for all steps of a softmax.
      summary_(
          child("summary", std::make_unique<Linear>(place.width, heads() * per_chunk_, false))),
      norm_(child("norm", std::make_unique<LayerNorm>(projections_.inner))),
      summary_norm_(child("summary_norm", std::make_unique<LayerNorm>(projections_.inner))),
      distance_(
          child("distance", std::make_unique<Linear>(place.width, projections_.inner, false))),
      chunk_distance_(
          child("chunk_distance", std::make_unique<Linear>(place.width, projections_.inner))),
      content_bias_(offset("content_bias", {projections_.inner}, initialise::constant(0))),
      distance_bias_(offset("distance_bias", {projections_.inner}, initialise::constant(0))) {
    ELM_CHECK(place.width % 2 == 0,
              "distances are told by pairs of sines and cosines, and the width is {}: expected an "
              "even number",
              place.width);
    // They map distances, not steps.
    count_apart(distance_);
    count_apart(chunk_distance_);
}

void CausalLongShort::declare(OptionSet& options) {
    const auto steps = [&](const char* name, std::int64_t value, const char* help, double lowest) {
        options.declare({.name = name,
                         .value = value,
                         .help = help,
                         .unit = "steps",
                         .lowest = lowest,
                         .highest = 1 << 24});
    };
    // Zhang et al. 2023: 256, 32, 1 and 1024.
    steps("causal_window", 256, "causally, steps up to itself that a step sees", 1);
    steps("chunk_steps", 32, "causally, steps of a chunk that is summarised", 1);
    options.declare({.name = "chunk_summaries",
                     .value = std::int64_t{1},
                     .help = "causally, summaries of each chunk",
                     .lowest = 1,
                     .highest = 65536});
    steps("memory", 1024, "in mode release, zeros in chunks before a causal sequence", 0);
    declare_mode(options, "causally, zeros come before the first step and are seen");
}

MixerTraits CausalLongShort::traits() const {
    return {.self_noncausal = false,
            .streams = false,
            .no_noncausal = "it was made to read causally",
            .no_cross = "a window is around a query's own step"};
}

/// As it is computed: blocks of the window whole, and all summaries, of which later ones are
/// hidden.
double CausalLongShort::flops_per_step(std::int64_t steps, bool) const {
    const std::int64_t blocks = (steps + window_ - 1) / window_, chunks = (steps - 1) / chunk_;
    const auto rows = static_cast<double>(blocks * window_) / static_cast<double>(steps);
    const auto count = static_cast<double>(remembered() + chunks * per_chunk_);
    // Of a block of the window: contents and values of two windows, distances of one.
    return static_cast<double>(projections_.inner) *
           (10 * static_cast<double>(window_) * rows + 6 * count +
            4 * static_cast<double>(per_chunk_));
}

std::int64_t CausalLongShort::remembered() const {
    return sees_zeros_ ? memory_ / chunk_ * per_chunk_ : 0;
}

Var CausalLongShort::run(Context& context, const MixerInput& input, StateCursor*) {
    const HeadProjections::Rows rows = projections_.rows(context, input);
    const Shape shape = rows.query.value.shape();
    const std::int64_t batch = shape[0], steps = shape[1];
    if (steps == 0) return projections_.output(context, rows.query);
    const double root = std::sqrt(static_cast<double>(shape[2] / heads()));
    const Var query = scale(context, rows.query, 1 / root);
    const std::int64_t blocks = (steps + window_ - 1) / window_, full = blocks * window_;
    const Var keys = blocks_with_history(context, rows.key, blocks);
    const Var values = blocks_with_history(context, rows.value, blocks);
    const Var near = window_scores(context,
                                   reshape(context, pad(context, query, 1, 0, full - steps),
                                           {batch * blocks, window_, shape[2]}),
                                   keys, blocks);
    const Summaries far = summaries(context, input, rows, query);
    const Var near_steps =
        slice(context, blocks_to_steps(context, near, blocks, heads()), 1, 0, steps);
    const Var both[] = {far.scores, near_steps};
    const Var weights =
        softmax(context, far.count == 0 ? near_steps : concatenate(context, both, 2));
    const Var of_window = slice(context, weights, 2, far.count, far.count + 2 * window_);
    const Var blocked = steps_to_blocks(context, pad(context, of_window, 1, 0, full - steps), batch,
                                        heads(), window_);
    Var read = join_heads(context, matmul(context, blocked, split_heads(context, values, heads())),
                          heads());
    read = slice(context, reshape(context, read, {batch, full, shape[2]}), 1, 0, steps);
    if (far.count > 0) {
        const Var of_summaries = slice(context, weights, 2, 0, far.count);
        read = add(context, read,
                   join_heads(context, matmul(context, of_summaries, far.values), heads()));
    }
    return projections_.output(context, read);
}

/// Of each block of `window` steps those before it and its own: (batch blocks, 2 window, inner).
Var CausalLongShort::blocks_with_history(Context& context, const Var& rows,
                                         std::int64_t blocks) const {
    const Shape shape = rows.value.shape();
    const std::int64_t full = blocks * window_;
    // What is before the first step is a norm of zeros.
    const Var all = norm_.forward(context, pad(context, rows, 1, window_, full - shape[1]));
    const auto cut = [&](std::int64_t first) {
        return reshape(context, slice(context, all, 1, first, first + full),
                       {shape[0] * blocks, window_, shape[2]});
    };
    const Var parts[] = {cut(0), cut(window_)};
    return concatenate(context, parts, 1);
}

/// (batch blocks heads, window, 2 window): row i sees columns i + 1 to i + window.
Var CausalLongShort::window_scores(Context& context, const Var& query, const Var& keys,
                                   std::int64_t blocks) const {
    const std::int64_t all = query.value.shape()[0] * heads(), w = window_;
    const DType dtype = query.value.dtype();
    const Var content =
        split_heads(context, add(context, query, use(context, content_bias_)), heads());
    const Var products =
        matmul(context, with_column(context, content, [](std::int64_t) { return 1.0; }),
               transpose(context,
                         with_column(context, split_heads(context, keys, heads()),
                                     [=, this](std::int64_t at) {
                                         const bool is_first = at / (2 * w) / heads() % blocks == 0;
                                         const bool is_before = is_first && at % (2 * w) < w;
                                         return is_before && !sees_zeros_ ? unseen : 0;
                                     }),
                         1, 2));
    const Var distances = by_head(context, add(context, query, use(context, distance_bias_)),
                                  distance_rows(context, distance_, w, dtype), heads());
    // Rows that are one longer than they are read as move by one column each.
    const Var longer = reshape(context, pad(context, distances, 2, 1, w), {all, w * (2 * w + 1)});
    const Var moved = reshape(context, slice(context, longer, 1, 0, 2 * w * w), {all, w, 2 * w});
    const Var mask{tabulate(context.stream, {w, 2 * w}, dtype, [w](std::int64_t at) {
        const std::int64_t row = at / (2 * w), column = at % (2 * w);
        return column > row && column <= row + w ? 0 : unseen;
    })};
    return add(context, add(context, products, moved), mask);
}

/// R e(count - 1), ..., R e(0): (count, inner).
Var CausalLongShort::distance_rows(Context& context, const Linear& map, std::int64_t count,
                                   DType dtype) const {
    const std::int64_t features = width();
    const Var table{tabulate(context.stream, {count, features}, dtype, [=](std::int64_t at) {
        const std::int64_t pair = at % features % (features / 2);
        const double angle =
            static_cast<double>(count - 1 - at / features) *
            std::pow(10000.0, -2 * static_cast<double>(pair) / static_cast<double>(features));
        return at % features < features / 2 ? std::sin(angle) : std::cos(angle);
    })};
    return map.forward(context, table);
}

CausalLongShort::Summaries CausalLongShort::summaries(Context& context, const MixerInput& input,
                                                      const HeadProjections::Rows& rows,
                                                      const Var& query) const {
    const Shape shape = query.value.shape();
    const std::int64_t chunks = (shape[1] - 1) / chunk_;  // that some step sees
    const std::int64_t count = remembered() + chunks * per_chunk_;
    if (count == 0) return {{}, {}, 0};
    const Var seen = slice(context, input.sequence, 1, 0, chunks * chunk_);
    const Var exponents = split_heads(context,
                                      reshape(context, summary_.forward(context, seen),
                                              {shape[0] * chunks, chunk_, heads() * per_chunk_}),
                                      heads());
    const Var shares = softmax(context, transpose(context, exponents, 1, 2));
    const Var keys = chunk_means(context, shares, rows.key, chunks);
    const Var values = chunk_means(context, shares, rows.value, chunks);
    const Var products = matmul(context, split_heads(context, query, heads()),
                                transpose(context, split_heads(context, keys, heads()), 1, 2));
    const std::int64_t before = remembered(), chunk = chunk_, per_chunk = per_chunk_;
    const Var mask{
        tabulate(context.stream, {shape[1], count}, query.value.dtype(), [=](std::int64_t at) {
            const std::int64_t chunk_of_step = at / count / chunk;
            return at % count < before + chunk_of_step * per_chunk ? 0 : unseen;
        })};
    const Var scores =
        add(context, add(context, products, chunk_distances(context, query, chunks, count)), mask);
    return {scores, split_heads(context, values, heads()), count};
}

/// (batch, remembered + chunks summaries, inner)
Var CausalLongShort::chunk_means(Context& context, const Var& shares, const Var& rows,
                                 std::int64_t chunks) const {
    const Shape shape = rows.value.shape();
    const Var cut = reshape(context, slice(context, rows, 1, 0, chunks * chunk_),
                            {shape[0] * chunks, chunk_, shape[2]});
    const Var means =
        join_heads(context, matmul(context, shares, split_heads(context, cut, heads())), heads());
    const Var all = reshape(context, means, {shape[0], chunks * per_chunk_, shape[2]});
    return summary_norm_.forward(context, pad(context, all, 1, remembered(), 0));
}

/// q (R' e(n - 1 - m) + b') for the n summaries that a step's chunk sees: those of later chunks
/// stand `chunk_summaries` columns further to the right.
Var CausalLongShort::chunk_distances(Context& context, const Var& query, std::int64_t chunks,
                                     std::int64_t count) const {
    const Shape shape = query.value.shape();
    const std::int64_t pairs = shape[0] * heads(), rows = (chunks + 1) * chunk_;
    const Var products =
        by_head(context, query, distance_rows(context, chunk_distance_, count, query.value.dtype()),
                heads());
    const Var full = pad(context, products, 1, 0, rows - shape[1]);
    const auto turned = [&](const Var& all, std::int64_t first, std::int64_t second) {
        return transpose(context, reshape(context, all, {pairs, first, second, count}), 1, 2);
    };
    const Var by_chunk = pad(context, turned(full, chunks + 1, chunk_), 3, 0, per_chunk_);
    const Var longer =
        reshape(context, by_chunk, {pairs * chunk_, (chunks + 1) * (count + per_chunk_)});
    const std::int64_t first = per_chunk_ * chunks;
    const Var moved = slice(context, longer, 1, first, first + (chunks + 1) * count);
    return slice(context, reshape(context, turned(moved, chunk_, chunks + 1), {pairs, rows, count}),
                 1, 0, shape[1]);
}

}  // namespace elm

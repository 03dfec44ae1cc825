// One kernel computes the gradient of the queries, a tile of them a block, another those of keys
// and values, a tile of these a block, a third that of the bias: nobody adds to what another block
// adds to, so sums have one order.

#include "kernels/ops/attention/attention_tile.cuh"

namespace elm {
namespace attention_tile {
namespace {

/// Also writes do[i] output[i], which the other kernel reads.
template <class Real, int Slices>
__global__ void __launch_bounds__(threads) query_gradient_kernel(AttentionBackwardArgs<Real> args) {
    auto& shared = block_shared<Shared<Real>>();
    const AttentionArgs<Real>& forward = args.forward;
    const AttentionShape& shape = forward.shape;
    const Where where = here(shape, shape.queries);
    const Owned own;
    const RowRange<Real> queries{forward.query.of(where.sample, where.head), where.first,
                                 shape.queries};
    const RowRange<Real> gradients{args.output_gradient.of(where.sample, where.head), where.first,
                                   shape.queries};
    const HeadRows<Real> outputs = forward.output.of(where.sample, where.head);
    OwnedTile<Real> result[Slices] = {};
    Real log_sums[own_rows], products[own_rows], factors[own_rows];
#pragma unroll
    for (int r = 0; r < own_rows; ++r) {
        const std::int64_t query = where.first + own.first_row + r;
        const bool inside = query < shape.queries;
        Real product = 0;
        for (std::int64_t c = own.first_column; inside && c < shape.value_features; c += lanes) {
            product += gradients.rows.row(query)[c] * outputs.row(query)[c];
        }
        products[r] = combine_columns(product, reduce::Sum{});
        log_sums[r] = inside ? forward.log_sums(where.sample, where.head, query) : Real(0);
        factors[r] = forward.scale;
        if (own.leads() && inside) args.products(where.sample, where.head, query) = products[r];
    }
    const auto [begin, end] = keys_of(forward, where);
    for (std::int64_t first = begin; first < end; first += side) {
        const RowRange<Real> keys{forward.key.of(where.sample, where.head), first, end};
        const RowRange<Real> values{forward.value.of(where.sample, where.head), first, end};
        OwnedTile<Real> scores = {}, weight_gradients = {};
        add_row_products(shared, queries, keys, shape.features, scores);
        add_row_products(shared, gradients, values, shape.value_features, weight_gradients);
#pragma unroll
        for (int r = 0; r < own_rows; ++r) {
            const std::int64_t query = where.first + own.first_row + r;
#pragma unroll
            for (int k = 0; k < own_columns; ++k) {
                const std::int64_t key = first + own.column(k);
                const bool seen = is_visible(forward, where.sample, query, key);
                const Real weight =
                    seen ? exp2(score_of(forward, where, query, key, scores[r][k]) - log_sums[r])
                         : Real(0);
                shared.weights[own.first_row + r][own.column(k)] =
                    weight * (weight_gradients[r][k] - products[r]);
            }
        }
        add_weighted_rows(shared, shared.weights, keys, shape.features, result);
    }
    write_rows(args.query_gradient.of(where.sample, where.head), where.first, shape.queries,
               shape.features, result, factors);
}

/// Rows of the tiles are keys here, columns are queries.
template <class Real, int Slices>
__global__ void __launch_bounds__(threads)
    key_value_gradient_kernel(AttentionBackwardArgs<Real> args) {
    auto& shared = block_shared<Shared<Real>>();
    const AttentionArgs<Real>& forward = args.forward;
    const AttentionShape& shape = forward.shape;
    const Where where = here(shape, shape.keys);
    const Owned own;
    const RowRange<Real> keys{forward.key.of(where.sample, where.head), where.first, shape.keys};
    const RowRange<Real> values{forward.value.of(where.sample, where.head), where.first,
                                shape.keys};
    OwnedTile<Real> key_gradient[Slices] = {}, value_gradient[Slices] = {};
    // Queries that see a key of the tile.
    const std::int64_t shift = where.first - (shape.keys - shape.queries);
    const std::int64_t begin = shift > shape.after ? (shift - shape.after) / side * side : 0;
    const std::int64_t last = shift + side + shape.before;
    const std::int64_t end = last < shape.queries ? last : shape.queries;
    for (std::int64_t first = begin; first < end; first += side) {
        const RowRange<Real> queries{forward.query.of(where.sample, where.head), first,
                                     shape.queries};
        const RowRange<Real> gradients{args.output_gradient.of(where.sample, where.head), first,
                                       shape.queries};
        OwnedTile<Real> scores = {}, weight_gradients = {};
        add_row_products(shared, keys, queries, shape.features, scores);
        add_row_products(shared, values, gradients, shape.value_features, weight_gradients);
#pragma unroll
        for (int k = 0; k < own_columns; ++k) {
            const std::int64_t query = first + own.column(k);
            const bool inside = query < shape.queries;
            const Real log_sum =
                inside ? forward.log_sums(where.sample, where.head, query) : Real(0);
            const Real product = inside ? args.products(where.sample, where.head, query) : Real(0);
#pragma unroll
            for (int r = 0; r < own_rows; ++r) {
                const std::int64_t key = where.first + own.first_row + r;
                const bool seen = is_visible(forward, where.sample, query, key);
                const Real weight =
                    seen ? exp2(score_of(forward, where, query, key, scores[r][k]) - log_sum)
                         : Real(0);
                shared.weights[own.first_row + r][own.column(k)] = weight;
                shared.score_gradients[own.first_row + r][own.column(k)] =
                    weight * (weight_gradients[r][k] - product);
            }
        }
        add_weighted_rows(shared, shared.weights, gradients, shape.value_features, value_gradient);
        add_weighted_rows(shared, shared.score_gradients, queries, shape.features, key_gradient);
    }
    Real one[own_rows], scaled[own_rows];
#pragma unroll
    for (int r = 0; r < own_rows; ++r) {
        one[r] = 1;
        scaled[r] = forward.scale;
    }
    write_rows(args.value_gradient.of(where.sample, where.head), where.first, shape.keys,
               shape.value_features, value_gradient, one);
    write_rows(args.key_gradient.of(where.sample, where.head), where.first, shape.keys,
               shape.features, key_gradient, scaled);
}

/// A tile of one head's bias: the sum over samples, in their order.
template <class Real>
__global__ void __launch_bounds__(threads) bias_gradient_kernel(AttentionBackwardArgs<Real> args) {
    auto& shared = block_shared<Shared<Real>>();
    const AttentionArgs<Real>& forward = args.forward;
    const AttentionShape& shape = forward.shape;
    const std::int64_t key_tiles = (shape.keys + side - 1) / side;
    const std::int64_t first_key = blockIdx.x % key_tiles * side;
    const std::int64_t query_tiles = (shape.queries + side - 1) / side;
    const std::int64_t first_query = blockIdx.x / key_tiles % query_tiles * side;
    const Owned own;
    OwnedTile<Real> sums = {};
    Where where{0, blockIdx.x / key_tiles / query_tiles, first_query};
    for (; where.sample < shape.batch; ++where.sample) {
        const RowRange<Real> queries{forward.query.of(where.sample, where.head), first_query,
                                     shape.queries};
        const RowRange<Real> gradients{args.output_gradient.of(where.sample, where.head),
                                       first_query, shape.queries};
        OwnedTile<Real> scores = {}, weight_gradients = {};
        add_row_products(shared, queries,
                         {forward.key.of(where.sample, where.head), first_key, shape.keys},
                         shape.features, scores);
        add_row_products(shared, gradients,
                         {forward.value.of(where.sample, where.head), first_key, shape.keys},
                         shape.value_features, weight_gradients);
#pragma unroll
        for (int r = 0; r < own_rows; ++r) {
            const std::int64_t query = first_query + own.first_row + r;
#pragma unroll
            for (int k = 0; k < own_columns; ++k) {
                const std::int64_t key = first_key + own.column(k);
                if (!is_visible(forward, where.sample, query, key)) continue;
                const Real weight = exp2(score_of(forward, where, query, key, scores[r][k]) -
                                         forward.log_sums(where.sample, where.head, query));
                sums[r][k] += weight * (weight_gradients[r][k] -
                                        args.products(where.sample, where.head, query));
            }
        }
    }
#pragma unroll
    for (int r = 0; r < own_rows; ++r) {
        const std::int64_t query = first_query + own.first_row + r;
#pragma unroll
        for (int k = 0; k < own_columns; ++k) {
            const std::int64_t key = first_key + own.column(k);
            if (query < shape.queries && key < shape.keys) {
                args.bias_gradient(where.head, query, key) += sums[r][k];
            }
        }
    }
}

template <class Real>
void launch_attention_backward(Stream& stream, const AttentionBackwardArgs<Real>& args) {
    const AttentionShape& shape = args.forward.shape;
    choose_slices(shape, [&]<class Slices>(Slices) {
        launch(stream, "attention_query_gradient", blocks_for(shape, shape.queries),
               &query_gradient_kernel<Real, Slices::value>, args);
        launch(stream, "attention_key_value_gradient", blocks_for(shape, shape.keys),
               &key_value_gradient_kernel<Real, Slices::value>, args);
    });
    if (args.bias_gradient.data == nullptr) return;
    const std::int64_t tiles = (shape.queries + side - 1) / side * ((shape.keys + side - 1) / side);
    launch(stream, "attention_bias_gradient",
           {.blocks = dim3(static_cast<unsigned>(shape.heads * tiles)), .threads = dim3(threads)},
           &bias_gradient_kernel<Real>, args);
}

}  // namespace
}  // namespace attention_tile

template <>
void run_attention_backward<Cuda, float>(Stream& stream, const AttentionBackwardArgs<float>& args) {
    attention_tile::launch_attention_backward(stream, args);
}
template <>
void run_attention_backward<Cuda, double>(Stream& stream,
                                          const AttentionBackwardArgs<double>& args) {
    attention_tile::launch_attention_backward(stream, args);
}

}  // namespace elm

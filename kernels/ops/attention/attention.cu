#include "kernels/ops/attention/attention_tile.cuh"

namespace elm {
namespace attention_tile {
namespace {

template <class Real, int Slices>
__global__ void __launch_bounds__(threads) attention_kernel_of(AttentionArgs<Real> args) {
    auto& shared = block_shared<Shared<Real>>();
    const AttentionShape& shape = args.shape;
    const Where where = here(shape, shape.queries);
    const Owned own;
    const RowRange<Real> queries{args.query.of(where.sample, where.head), where.first,
                                 shape.queries};
    const Real nothing = Real(-INFINITY);
    OwnedTile<Real> output[Slices] = {};
    Real largest[own_rows], sums[own_rows], factors[own_rows];
#pragma unroll
    for (int r = 0; r < own_rows; ++r) {
        largest[r] = nothing;
        sums[r] = 0;
    }
    const auto [begin, end] = keys_of(args, where);
    for (std::int64_t first = begin; first < end; first += side) {
        OwnedTile<Real> scores = {};
        add_row_products(shared, queries, {args.key.of(where.sample, where.head), first, end},
                         shape.features, scores);
#pragma unroll
        for (int r = 0; r < own_rows; ++r) {
            const std::int64_t query = where.first + own.first_row + r;
            Real highest = largest[r];
#pragma unroll
            for (int k = 0; k < own_columns; ++k) {
                const std::int64_t key = first + own.column(k);
                const bool seen = is_visible(args, where.sample, query, key);
                scores[r][k] = seen ? score_of(args, where, query, key, scores[r][k]) : nothing;
                highest = max(highest, scores[r][k]);
            }
            highest = combine_columns(highest, reduce::Maximum{});
            const Real shift = highest == nothing ? Real(0) : highest;  // nothing seen as yet
            const Real kept = exp2(largest[r] - shift);
            Real sum = 0;
#pragma unroll
            for (int k = 0; k < own_columns; ++k) {
                const Real weight = exp2(scores[r][k] - shift);
                shared.weights[own.first_row + r][own.column(k)] = weight;
                sum += weight;
            }
            sums[r] = sums[r] * kept + combine_columns(sum, reduce::Sum{});
            largest[r] = highest;
#pragma unroll
            for (int slice = 0; slice < Slices; ++slice) {
#pragma unroll
                for (int k = 0; k < own_columns; ++k) output[slice][r][k] *= kept;
            }
        }
        add_weighted_rows(shared, shared.weights,
                          {args.value.of(where.sample, where.head), first, end},
                          shape.value_features, output);
    }
#pragma unroll
    for (int r = 0; r < own_rows; ++r) {
        const std::int64_t query = where.first + own.first_row + r;
        factors[r] = sums[r] == 0 ? Real(0) : 1 / sums[r];
        if (own.leads() && query < shape.queries) {
            args.log_sums(where.sample, where.head, query) = largest[r] + log2(sums[r]);
        }
    }
    write_rows(args.output.of(where.sample, where.head), where.first, shape.queries,
               shape.value_features, output, factors);
}

template <class Real>
void launch_attention(Stream& stream, const AttentionArgs<Real>& args) {
    choose_slices(args.shape, [&]<class Slices>(Slices) {
        launch(stream, "attention", blocks_for(args.shape, args.shape.queries),
               &attention_kernel_of<Real, Slices::value>, args);
    });
}

}  // namespace
}  // namespace attention_tile

template <>
void run_attention<Cuda, float>(Stream& stream, const AttentionArgs<float>& args) {
    attention_tile::launch_attention(stream, args);
}
template <>
void run_attention<Cuda, double>(Stream& stream, const AttentionArgs<double>& args) {
    attention_tile::launch_attention(stream, args);
}

}  // namespace elm

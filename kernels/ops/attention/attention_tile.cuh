#pragma once

/// Attention on CUDA: tiles of 32 queries and 32 keys; features come in slices of 32. A thread owns
/// 4 rows and 2 columns of each tile, and as many results of each slice, in registers.

#include "kernels/core/cuda/parallel.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "kernels/ops/attention/attention.h"

namespace elm::attention_tile {

inline constexpr int side = 32, threads = 128, own_rows = 4, own_columns = 2, lanes = 16;
static_assert(threads / lanes * own_rows == side && lanes * own_columns == side);
static_assert(attention_device_features == 4 * side);

template <class Real>
using SquareTile = Real[side][side + 1];

template <class Real>
struct alignas(16) Shared {
    SquareTile<Real> left, right, weights, score_gradients;
};

/// What a thread owns of a tile: rows first_row + r, columns first_column + lanes k.
struct Owned {
    int first_row = static_cast<int>(threadIdx.x) / lanes * own_rows;
    int first_column = static_cast<int>(threadIdx.x) % lanes;

    __device__ int column(int k) const { return first_column + lanes * k; }
    __device__ bool leads() const { return first_column == 0; }
};

template <class Real>
using OwnedTile = Real[own_rows][own_columns];

/// Some rows of a sample and head, of which those from `end` on count as zeros.
template <class Real>
struct RowRange {
    HeadRows<const Real> rows;
    std::int64_t first, end;
};

/// Features first_feature .. of the rows, and zeros outside.
template <class Real>
__device__ void load_slice(SquareTile<Real>& tile, const RowRange<Real>& range,
                           std::int64_t first_feature, std::int64_t features) {
#pragma unroll 2
    for (int i = 0; i < side * side / threads; ++i) {
        const int item = i * threads + static_cast<int>(threadIdx.x);
        const int row = item / side, column = item % side;
        const bool inside = range.first + row < range.end && first_feature + column < features;
        tile[row][column] =
            inside ? range.rows.row(range.first + row)[first_feature + column] : Real(0);
    }
}

/// sums[row][column] += sum over features of left[row][feature] right[column][feature].
template <class Real>
__device__ void add_row_products(Shared<Real>& shared, const RowRange<Real>& left,
                                 const RowRange<Real>& right, std::int64_t features,
                                 OwnedTile<Real>& sums, CallSite site = ELM_CALL_SITE) {
    const Owned own;
#pragma unroll 1
    for (std::int64_t first = 0; first < features; first += side) {
        block_barrier(site);  // what the tiles held has been read
        load_slice(shared.left, left, first, features);
        load_slice(shared.right, right, first, features);
        block_barrier(site);
#pragma unroll 4
        for (int c = 0; c < side; ++c) {
#pragma unroll
            for (int r = 0; r < own_rows; ++r) {
#pragma unroll
                for (int k = 0; k < own_columns; ++k) {
                    sums[r][k] +=
                        shared.left[own.first_row + r][c] * shared.right[own.column(k)][c];
                }
            }
        }
    }
}

/// results[slice][row][column] += sum over j of weights[row][j] rows[j][slice's column].
template <int Slices, class Real>
__device__ void add_weighted_rows(Shared<Real>& shared, const SquareTile<Real>& weights,
                                  const RowRange<Real>& rows, std::int64_t features,
                                  OwnedTile<Real> (&results)[Slices],
                                  CallSite site = ELM_CALL_SITE) {
    const Owned own;
#pragma unroll
    for (int slice = 0; slice < Slices; ++slice) {
        if (slice * side >= features) continue;
        block_barrier(site);  // weights are there, and what the tile held has been read
        load_slice(shared.right, rows, slice * side, features);
        block_barrier(site);
#pragma unroll 4
        for (int j = 0; j < side; ++j) {
#pragma unroll
            for (int r = 0; r < own_rows; ++r) {
#pragma unroll
                for (int k = 0; k < own_columns; ++k) {
                    results[slice][r][k] +=
                        weights[own.first_row + r][j] * shared.right[j][own.column(k)];
                }
            }
        }
    }
}

/// Combines the values of the threads that own the same rows.
template <class Real, class Combine>
__device__ Real combine_columns(Real value, Combine combine, CallSite site = ELM_CALL_SITE) {
#pragma unroll
    for (int flip = lanes / 2; flip > 0; flip /= 2) {
        value = combine(value, exchange_lanes(value, flip, site));
    }
    return value;
}

template <int Slices, class Real>
__device__ void write_rows(const HeadRows<Real>& to, std::int64_t first, std::int64_t end,
                           std::int64_t features, const OwnedTile<Real> (&results)[Slices],
                           const Real (&factors)[own_rows]) {
    const Owned own;
#pragma unroll
    for (int slice = 0; slice < Slices; ++slice) {
#pragma unroll
        for (int r = 0; r < own_rows; ++r) {
#pragma unroll
            for (int k = 0; k < own_columns; ++k) {
                const std::int64_t row = first + own.first_row + r;
                const std::int64_t feature = slice * side + own.column(k);
                if (row < end && feature < features) {
                    to.row(row)[feature] = factors[r] * results[slice][r][k];
                }
            }
        }
    }
}

/// One block for each tile of rows of a sample and head.
struct Where {
    std::int64_t sample, head, first;
};

__device__ inline Where here(const AttentionShape& shape, std::int64_t rows) {
    const std::int64_t tiles = (rows + side - 1) / side, pair = blockIdx.x / tiles;
    return {pair / shape.heads, pair % shape.heads, blockIdx.x % tiles * side};
}

template <class Real>
__device__ bool is_visible(const AttentionArgs<Real>& args, std::int64_t sample, std::int64_t query,
                           std::int64_t key) {
    return query < args.shape.queries && key < args.keys_of(sample) &&
           key >= args.shape.begin_of_keys(query) && key < args.shape.end_of_keys(query);
}

/// Keys that queries of the tile see: from `begin`, which begins a tile, to before `end`.
struct KeyRange {
    std::int64_t begin, end;
};
template <class Real>
__device__ KeyRange keys_of(const AttentionArgs<Real>& args, const Where& where) {
    const std::int64_t last = where.first + side - 1, known = args.keys_of(where.sample);
    const std::int64_t end = args.shape.end_of_keys(last);
    return {args.shape.begin_of_keys(where.first) / side * side, end < known ? end : known};
}

inline constexpr double log2_e = 1.4426950408889634074;

/// The score of a query and a key in units of log 2, of the product of their features.
template <class Real>
__device__ Real score_of(const AttentionArgs<Real>& args, const Where& where, std::int64_t query,
                         std::int64_t key, Real product) {
    const Real score = args.scale * Real(log2_e) * product;
    return args.bias.data == nullptr ? score
                                     : score + Real(log2_e) * args.bias(where.head, query, key);
}

inline LaunchShape blocks_for(const AttentionShape& shape, std::int64_t rows) {
    const std::int64_t tiles = (rows + side - 1) / side;
    return {.blocks = dim3(static_cast<unsigned>(shape.batch * shape.heads * tiles)),
            .threads = dim3(threads)};
}

/// Calls body of the number of slices, as a constant, that hold the features of a head.
template <class Body>
void choose_slices(const AttentionShape& shape, const Body& body) {
    const std::int64_t widest = std::max(shape.features, shape.value_features);
    if (widest <= side) {
        body(std::integral_constant<int, 1>{});
    } else if (widest <= 2 * side) {
        body(std::integral_constant<int, 2>{});
    } else {
        body(std::integral_constant<int, 4>{});
    }
}

}  // namespace elm::attention_tile

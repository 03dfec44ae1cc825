#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "kernels/core/simd/lanes.h"

/// Matrix products on the CPU whose factors need no copy in another order: rows of the result stay
/// in registers while everything that belongs to them is added, in the order of the inner index.
namespace elm::lanes {

/// result[r][c] += sum over s and j of left[s][r][j] right[s][j][c], in this order, for `segments`
/// times `inner` terms. Elements of `left` are anywhere, by three strides; rows of `right` and of
/// `result` are whole vectors side by side.
template <class Real>
struct TileProduct {
    const Real* left;
    std::int64_t left_row, left_inner, left_segment;
    const Real* right;
    std::int64_t right_inner, right_segment;
    Real* result;
    std::int64_t result_row;
    std::int64_t segments, inner;
};

inline constexpr int tile_rows = 6;
inline constexpr int tile_vectors = registers == 32 ? 4 : 2;

/// Columns that one tile has at most; right factors are best kept in panels of as many.
template <class Real>
inline constexpr std::int64_t tile_columns = std::int64_t{tile_vectors} * native<Real>;

/// R rows of V vectors.
template <int R, int V, class Real>
ELM_INLINE void add_tile(const TileProduct<Real>& p) {
    constexpr int N = native<Real>;
    Vec<Real, N> sums[R][V];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
            sums[r][v] = load<Real, N>(p.result + r * p.result_row + v * N);
        }
    }
    for (std::int64_t s = 0; s < p.segments; ++s) {
        const Real* left = p.left + s * p.left_segment;
        const Real* right = p.right + s * p.right_segment;
        for (std::int64_t j = 0; j < p.inner; ++j) {
            Vec<Real, N> row[V];
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) row[v] = load<Real, N>(right + v * N);
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) {
                const Vec<Real, N> factor = broadcast<Real, N>(left[r * p.left_row]);
#pragma GCC unroll 8
                for (int v = 0; v < V; ++v) {
                    sums[r][v] = multiply_add<Real, N>(factor, row[v], sums[r][v]);
                }
            }
            left += p.left_inner;
            right += p.right_inner;
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
            store<Real, N>(p.result + r * p.result_row + v * N, sums[r][v]);
        }
    }
}

/// `rows` rows, of `vectors` vectors, at most tile_vectors of them.
template <class Real>
void add_rows_of_tiles(const TileProduct<Real>& product, std::int64_t rows, int vectors) {
    const auto run = [&]<int V>() {
        const auto tail = [&]<int... R>(std::integer_sequence<int, R...>,
                                        const TileProduct<Real>& p, std::int64_t count) {
            ((count == R + 1 ? add_tile<R + 1, V>(p) : void()), ...);
        };
        TileProduct<Real> p = product;
        std::int64_t left = rows;
        for (; left >= tile_rows; left -= tile_rows) {
            add_tile<tile_rows, V>(p);
            p.left += tile_rows * p.left_row;
            p.result += tile_rows * p.result_row;
        }
        tail(std::make_integer_sequence<int, tile_rows - 1>{}, p, left);
    };
    const auto choose = [&]<int... V>(std::integer_sequence<int, V...>) {
        ((vectors == V + 1 ? run.template operator()<V + 1>() : void()), ...);
    };
    choose(std::make_integer_sequence<int, tile_vectors>{});
}

}  // namespace elm::lanes

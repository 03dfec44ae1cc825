#pragma once

#include <cstdint>

#include "kernels/ops/elm_lanes.h"

/// C += A^T B for tall A (rows, m) and B (rows, n): the weight gradient of a layer from many rows
/// of what left it and what entered it. C stays in registers over all rows.
namespace elm::lanes {

/// Rows of A and C come in blocks of this size: their extents are padded to it.
inline constexpr int outer_block = registers == 32 ? 8 : 4;

template <class Real, int V>
void outer_block_product(const Real* a, std::int64_t a_stride, const Real* b, std::int64_t b_stride,
                         std::int64_t n_rows, Real* c, std::int64_t c_stride) {
    constexpr int N = native<Real>;
    Vec<Real, N> sum[outer_block][V] = {};
    for (std::int64_t row = 0; row < n_rows; ++row, a += a_stride, b += b_stride) {
        Vec<Real, N> column[V];
#pragma GCC unroll 3
        for (int v = 0; v < V; ++v) column[v] = load<Real, N>(b + v * N);
#pragma GCC unroll 8
        for (int i = 0; i < outer_block; ++i) {
#pragma GCC unroll 3
            for (int v = 0; v < V; ++v) {
                sum[i][v] = multiply_add<Real, N>(a[i], column[v], sum[i][v]);
            }
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < outer_block; ++i) {
#pragma GCC unroll 3
        for (int v = 0; v < V; ++v) {
            Real* to = c + i * c_stride + v * N;
            store<Real, N>(to, load<Real, N>(to) + sum[i][v]);
        }
    }
}

/// `m` is a multiple of outer_block, `n` of the native lanes; rows of A, B and C are `*_stride`
/// apart.
template <class Real>
void add_outer_product(const Real* a, std::int64_t a_stride, std::int64_t m, const Real* b,
                       std::int64_t b_stride, std::int64_t n, std::int64_t n_rows, Real* c,
                       std::int64_t c_stride) {
    constexpr int N = native<Real>;
    for (std::int64_t j = 0; j < n;) {
        const std::int64_t left = (n - j) / N;
        const int vectors = left >= 3 && left != 4 ? 3 : left >= 2 ? 2 : 1;
        for (std::int64_t i = 0; i < m; i += outer_block) {
            Real* to = c + i * c_stride + j;
            if (vectors == 3) {
                outer_block_product<Real, 3>(a + i, a_stride, b + j, b_stride, n_rows, to,
                                             c_stride);
            } else if (vectors == 2) {
                outer_block_product<Real, 2>(a + i, a_stride, b + j, b_stride, n_rows, to,
                                             c_stride);
            } else {
                outer_block_product<Real, 1>(a + i, a_stride, b + j, b_stride, n_rows, to,
                                             c_stride);
            }
        }
        j += std::int64_t{vectors} * N;
    }
}

/// sums[j] += sum over rows of a[row][j]; `n` is a multiple of the native lanes.
template <class Real>
void add_column_sums(const Real* a, std::int64_t a_stride, std::int64_t n, std::int64_t n_rows,
                     Real* sums) {
    constexpr int N = native<Real>;
    for (std::int64_t j = 0; j < n; j += N) {
        Vec<Real, N> sum = load<Real, N>(sums + j);
        for (std::int64_t row = 0; row < n_rows; ++row) {
            sum = sum + load<Real, N>(a + row * a_stride + j);
        }
        store<Real, N>(sums + j, sum);
    }
}

}  // namespace elm::lanes

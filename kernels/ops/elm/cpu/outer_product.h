#pragma once

#include <cstdint>

#include "kernels/ops/elm/cpu/layer/layer.h"

/// C += A^T B for tall A (rows, m) and B (rows, n): the weight gradient of a layer from many rows
/// of what left it and what entered it. C stays in registers over all rows.
namespace elm::lanes {

/// Rows of A and C come in blocks of this size: their extents are padded to it.
inline constexpr int outer_block = registers == 32 ? 8 : 4;

template <class Real, int N, int V>
void outer_block_product(const Real* a, std::int64_t a_stride, const Real* b, std::int64_t b_stride,
                         std::int64_t n_rows, Real* c, std::int64_t c_stride) {
    Vec<Real, N> sum[outer_block][V] = {};
    for (std::int64_t row = 0; row < n_rows; ++row, a += a_stride, b += b_stride) {
        Vec<Real, N> column[V];
#pragma GCC unroll 3
        for (int v = 0; v < V; ++v) {
            column[v] = load<Real, N>(b + v * N);
            keep_in_register(column[v]);
        }
#pragma GCC unroll 8
        for (int i = 0; i < outer_block; ++i) {
            Vec<Real, N> value = broadcast<Real, N>(a[i]);
            keep_in_register(value);
#pragma GCC unroll 3
            for (int v = 0; v < V; ++v) {
                sum[i][v] = multiply_add<Real, N>(value, column[v], sum[i][v]);
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

/// `m` is a multiple of outer_block, `n` of unit_lanes; rows of A, B and C are `*_stride` apart.
template <class Real>
void add_outer_product(const Real* a, std::int64_t a_stride, std::int64_t m, const Real* b,
                       std::int64_t b_stride, std::int64_t n, std::int64_t n_rows, Real* c,
                       std::int64_t c_stride) {
    constexpr int N = native<Real>, half = unit_lanes<Real>;
    std::int64_t j = 0;
    const auto columns = [&]<int lanes, int vectors>() {
        for (std::int64_t i = 0; i < m; i += outer_block) {
            outer_block_product<Real, lanes, vectors>(a + i, a_stride, b + j, b_stride, n_rows,
                                                      c + i * c_stride + j, c_stride);
        }
        return std::int64_t{vectors} * lanes;
    };
    while (j < n) {
        const std::int64_t left = n - j;
        if (left >= 3 * N && left != 4 * N) {
            j += columns.template operator()<N, 3>();
        } else if (left >= 2 * N) {
            j += columns.template operator()<N, 2>();
        } else if (left == N) {
            j += columns.template operator()<N, 1>();
        } else if (left >= 3 * half) {  // one vector and a half
            j += columns.template operator()<half, 3>();
        } else {
            j += columns.template operator()<half, 1>();
        }
    }
}

/// sums[j] += sum over rows of a[row][j]; `n` is a multiple of unit_lanes.
template <class Real>
void add_column_sums(const Real* a, std::int64_t a_stride, std::int64_t n, std::int64_t n_rows,
                     Real* sums) {
    constexpr int N = unit_lanes<Real>;
    for (std::int64_t j = 0; j < n; j += N) {
        Vec<Real, N> sum = load<Real, N>(sums + j);
        for (std::int64_t row = 0; row < n_rows; ++row) {
            sum = sum + load<Real, N>(a + row * a_stride + j);
        }
        store<Real, N>(sums + j, sum);
    }
}

}  // namespace elm::lanes

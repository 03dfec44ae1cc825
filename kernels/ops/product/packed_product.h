#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "kernels/core/simd/lanes.h"
#include "kernels/ops/product/host_product.h"

/// Matrix products on the CPU whose factors are copied into the order in which they are read. A
/// tile of the result, `packed_rows` rows of two vectors, stays in registers while the terms of its
/// sums are added, in the order of the inner index: an element has the same bits wherever in a
/// matrix it lies and however the rows are divided among threads. Source of the structure: Goto &
/// van de Geijn 2008, doi:10.1145/1356052.1356053.
namespace elm::lanes {

/// With 32 registers 28 sums, two vectors of the right factor and what is to be multiplied.
inline constexpr int packed_rows = registers == 32 ? 14 : 6;
inline constexpr int packed_vectors = 2;

/// Terms that are added before the next rows come: those of a left tile stay in the L1 cache, and
/// those of all columns of a layer in the L2 cache.
inline constexpr std::int64_t packed_inner = 512;

template <class Real>
inline constexpr std::int64_t packed_columns = std::int64_t{packed_vectors} * native<Real>;

/// Elements of a right factor in panels: (panels, inner, columns of a panel), a panel being
/// packed_columns wide and the last one as wide as it must be in whole vectors.
template <class Real>
constexpr std::int64_t packed_size(std::int64_t inner, std::int64_t columns) {
    return inner * padded<Real>(columns);
}

/// Rows of a transposed matrix of N rows, whose elements are `stride` apart, in squares of N.
template <class Real, int N>
ELM_INLINE void copy_transposed(const Real* from, std::int64_t stride, std::int64_t count, Real* to,
                                std::int64_t to_stride) {
    std::int64_t at = 0;
    for (; at + N <= count; at += N) {
        Vec<Real, N> rows[N];
#pragma GCC unroll 16
        for (int r = 0; r < N; ++r) rows[r] = load<Real, N>(from + r * stride + at);
        transpose<Real, N>(rows);
#pragma GCC unroll 16
        for (int r = 0; r < N; ++r) store<Real, N>(to + (at + r) * to_stride, rows[r]);
    }
    for (; at < count; ++at) {
        for (int r = 0; r < N; ++r) to[at * to_stride + r] = from[r * stride + at];
    }
}

/// Copies rows of `count` elements, which most often are `usual`: a copy of known size is a few
/// loads and stores, where a call would cost more than it moves.
template <std::int64_t usual, class Real>
ELM_INLINE void copy_rows(const Real* from, std::int64_t from_stride, std::int64_t rows,
                          std::int64_t count, Real* to, std::int64_t to_stride) {
    if (count == usual) {
        for (std::int64_t row = 0; row < rows; ++row) {
            std::memcpy(to + row * to_stride, from + row * from_stride, usual * sizeof(Real));
        }
        return;
    }
    const auto bytes = static_cast<std::size_t>(count) * sizeof(Real);
    for (std::int64_t row = 0; row < rows; ++row) {
        std::memcpy(to + row * to_stride, from + row * from_stride, bytes);
    }
}

/// Panel `panel` of the panels of a right factor (inner, columns); columns past the last are 0.
template <class Real>
void pack_panel(std::int64_t inner, std::int64_t columns, const HostFactor<Real>& right,
                std::int64_t panel, Real* panels) {
    constexpr int N = native<Real>;
    const std::int64_t first = panel * packed_columns<Real>;
    const std::int64_t count = std::min(packed_columns<Real>, columns - first);
    const std::int64_t width = padded<Real>(count);
    Real* const to = panels + first * inner;
    if (count < width) std::fill_n(to, inner * width, Real(0));
    if (!right.transposed) {
        copy_rows<packed_columns<Real>>(right.data + first, right.stride, inner, count, to, width);
        return;
    }
    std::int64_t column = 0;
    for (; column + N <= count; column += N) {
        copy_transposed<Real, N>(right.data + (first + column) * right.stride, right.stride, inner,
                                 to + column, width);
    }
    for (; column < count; ++column) {
        const Real* const from = right.data + (first + column) * right.stride;
        for (std::int64_t k = 0; k < inner; ++k) to[k * width + column] = from[k];
    }
}

template <class Real>
void pack_right(std::int64_t inner, std::int64_t columns, const HostFactor<Real>& right,
                Real* panels) {
    for (std::int64_t panel = 0; panel * packed_columns<Real> < columns; ++panel) {
        pack_panel(inner, columns, right, panel, panels);
    }
}

/// Rows [row, row + rows) and terms [first, first + inner) of a left factor, to[inner][rows].
/// Writes up to a vector past them.
template <class Real>
void pack_left(const HostFactor<Real>& left, std::int64_t row, std::int64_t rows,
               std::int64_t first, std::int64_t inner, Real* to) {
    constexpr int N = native<Real>;
    if (left.transposed) {
        copy_rows<packed_rows>(left.data + first * left.stride + row, left.stride, inner, rows, to,
                               rows);
        return;
    }
    const Real* const from = left.data + row * left.stride + first;
    std::int64_t k = 0;
    if constexpr (packed_rows <= N) {
        for (; rows == packed_rows && k + N <= inner; k += N) {
            Vec<Real, N> square[N] = {};
#pragma GCC unroll 16
            for (int r = 0; r < packed_rows; ++r) {
                square[r] = load<Real, N>(from + r * left.stride + k);
            }
            transpose<Real, N>(square);
            // What is stored past the end of one is the beginning of the next.
#pragma GCC unroll 16
            for (int i = 0; i < N; ++i) store<Real, N>(to + (k + i) * packed_rows, square[i]);
        }
    }
    for (; k < inner; ++k) {
        for (std::int64_t r = 0; r < rows; ++r) to[k * rows + r] = from[r * left.stride + k];
    }
}

/// result[r][c] += sum over k of left[k][r] right[k][c]: R rows of V vectors.
template <int R, int V, class Real>
ELM_INLINE void add_packed_tile(const Real* left, const Real* right, std::int64_t inner,
                                Real* result, std::int64_t stride) {
    constexpr int N = native<Real>;
    Vec<Real, N> sums[R][V];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) sums[r][v] = load<Real, N>(result + r * stride + v * N);
    }
    for (std::int64_t k = 0; k < inner; ++k) {
        Vec<Real, N> row[V];
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) {
            row[v] = load<Real, N>(right + v * N);
            keep_in_register(row[v]);
        }
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
            const Vec<Real, N> factor = broadcast<Real, N>(left[r]);
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) {
                sums[r][v] = multiply_add<Real, N>(factor, row[v], sums[r][v]);
            }
        }
        left += R;
        right += V * N;
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) store<Real, N>(result + r * stride + v * N, sums[r][v]);
    }
}

/// The same for columns that fill the vectors in part.
template <int R, int V, class Real>
void add_part_of_tile(const Real* left, const Real* right, std::int64_t inner, Real* result,
                      std::int64_t stride, std::int64_t columns) {
    constexpr int width = V * native<Real>;
    alignas(64) Real tile[R * width] = {};
    const auto bytes = static_cast<std::size_t>(columns) * sizeof(Real);
    for (int r = 0; r < R; ++r) std::memcpy(tile + r * width, result + r * stride, bytes);
    add_packed_tile<R, V>(left, right, inner, tile, width);
    for (int r = 0; r < R; ++r) std::memcpy(result + r * stride, tile + r * width, bytes);
}

/// A right factor in panels, and the terms of the sums that are at hand.
template <class Real>
struct PackedTerms {
    const Real* panels;
    std::int64_t all, first, count;

    /// The terms of the panel that begins with column `column`.
    const Real* of(std::int64_t column, std::int64_t width) const {
        return panels + column * all + first * width;
    }
};

/// R rows of the result, all columns.
template <int R, class Real>
void add_packed_rows(const Real* left, const PackedTerms<Real>& right, std::int64_t columns,
                     Real* result, std::int64_t stride) {
    constexpr std::int64_t N = native<Real>, wide = packed_columns<Real>;
    std::int64_t column = 0;
    for (; column + wide <= columns; column += wide) {
        add_packed_tile<R, packed_vectors>(left, right.of(column, wide), right.count,
                                           result + column, stride);
    }
    const std::int64_t rest = columns - column;
    if (rest > N) {
        add_part_of_tile<R, packed_vectors>(left, right.of(column, wide), right.count,
                                            result + column, stride, rest);
    } else if (rest == N) {
        add_packed_tile<R, 1>(left, right.of(column, N), right.count, result + column, stride);
    } else if (rest > 0) {
        add_part_of_tile<R, 1>(left, right.of(column, N), right.count, result + column, stride,
                               rest);
    }
}

/// Elements of the room that a product needs.
template <class Real>
inline constexpr std::int64_t packed_room = packed_rows* packed_inner + native<Real>;

/// result += left right, the right factor in panels.
template <class Real>
void add_packed(std::int64_t rows, std::int64_t columns, std::int64_t inner,
                const HostFactor<Real>& left, const Real* panels, Real* result, std::int64_t stride,
                Real* room) {
    for (std::int64_t first = 0; first < inner; first += packed_inner) {
        const PackedTerms<Real> right{panels, inner, first, std::min(packed_inner, inner - first)};
        for (std::int64_t row = 0; row < rows; row += packed_rows) {
            const std::int64_t height = std::min<std::int64_t>(packed_rows, rows - row);
            pack_left(left, row, height, first, right.count, room);
            Real* const to = result + row * stride;
            const auto run = [&]<int... R>(std::integer_sequence<int, R...>) {
                ((height == R + 1 ? add_packed_rows<R + 1>(room, right, columns, to, stride)
                                  : void()),
                 ...);
            };
            run(std::make_integer_sequence<int, packed_rows>{});
        }
    }
}

}  // namespace elm::lanes

#pragma once

/// A matrix product whose factors are given by functions of their indices, so that a convolution is
/// one, too. A block computes a tile of the result; the inner index runs in order.

#include "kernels/core/cuda/parallel.cuh"
#include "kernels/core/cuda/shared.cuh"

namespace elm {

/// One product for each slice; shapes as for matrices.
struct ProductShape {
    std::int64_t slices, rows, columns;
};

namespace product_tile {

constexpr int width = 64;   // rows and columns of a tile
constexpr int depth = 16;   // inner indices that are in shared memory at a time
constexpr int lanes = 16;   // a block has lanes * lanes threads
constexpr int own = 4;      // each computes own * own results
constexpr int padding = 4;  // keeps rows aligned and apart by a few banks
static_assert(lanes * own == width);

template <class Real>
struct alignas(16) Shared {
    Real left[depth][width + padding];
    Real right[depth][width + padding];
};

/// Copies factor(index, inner) to tile[inner][index], and zeros outside; neighbouring threads read
/// along the inner index if `along_inner`, else along the other one.
template <class Real, class Read>
__device__ void load(Real (&tile)[depth][width + padding], bool along_inner, std::int64_t first,
                     std::int64_t count, std::int64_t first_inner, std::int64_t end_inner,
                     const Read& read) {
#pragma unroll
    for (int i = 0; i < width * depth / (lanes * lanes); ++i) {
        const int item = i * lanes * lanes + static_cast<int>(threadIdx.x);
        const int k = along_inner ? item % depth : item / width;
        const int n = along_inner ? item / depth : item % width;
        const bool inside = first + n < count && first_inner + k < end_inner;
        tile[k][n] = inside ? read(first + n, first_inner + k) : Real(0);
    }
}

}  // namespace product_tile

/// Problem:
///   Range inner(slice)                     begin and end of the inner index
///   Real left(slice, row, inner), right(slice, inner, column)
///   bool left_along_inner, right_along_inner     which index has neighbours in memory
///   void store(slice, row, column, sum)
template <class Real, class Problem>
__global__ void __launch_bounds__(256, 2) product_kernel(ProductShape shape, Problem problem) {
    using product_tile::depth;
    using product_tile::lanes;
    using product_tile::load;
    using product_tile::own;
    using product_tile::Shared;
    using product_tile::width;
    auto& shared = block_shared<Shared<Real>>();
    const std::int64_t slice = blockIdx.z;
    const std::int64_t first_row = std::int64_t{blockIdx.x} * width;
    const std::int64_t first_column = std::int64_t{blockIdx.y} * width;
    const int row = static_cast<int>(threadIdx.x) / lanes * own;
    const int column = static_cast<int>(threadIdx.x) % lanes * own;
    const auto range = problem.inner(slice);
    Real sums[own][own] = {};
    for (std::int64_t inner = range.begin; inner < range.end; inner += depth) {
        load(shared.left, problem.left_along_inner, first_row, shape.rows, inner, range.end,
             [&](std::int64_t r, std::int64_t k) { return problem.left(slice, r, k); });
        load(shared.right, problem.right_along_inner, first_column, shape.columns, inner, range.end,
             [&](std::int64_t c, std::int64_t k) { return problem.right(slice, k, c); });
        block_barrier();
#pragma unroll
        for (int k = 0; k < depth; ++k) {
            Real a[own], b[own];
#pragma unroll
            for (int i = 0; i < own; ++i) {
                a[i] = shared.left[k][row + i];
                b[i] = shared.right[k][column + i];
            }
#pragma unroll
            for (int i = 0; i < own; ++i) {
#pragma unroll
                for (int j = 0; j < own; ++j) sums[i][j] += a[i] * b[j];
            }
        }
        block_barrier();
    }
#pragma unroll
    for (int i = 0; i < own; ++i) {
#pragma unroll
        for (int j = 0; j < own; ++j) {
            const std::int64_t r = first_row + row + i, c = first_column + column + j;
            if (r < shape.rows && c < shape.columns) problem.store(slice, r, c, sums[i][j]);
        }
    }
}

struct InnerRange {
    std::int64_t begin, end;
};

template <class Real, class Problem>
void launch_product(Stream& stream, const char* name, const ProductShape& shape,
                    const Problem& problem) {
    const auto tiles = [](std::int64_t count) {
        return static_cast<unsigned>((count + product_tile::width - 1) / product_tile::width);
    };
    const dim3 blocks(tiles(shape.rows), tiles(shape.columns), static_cast<unsigned>(shape.slices));
    launch(stream, name,
           {.blocks = blocks, .threads = dim3(product_tile::lanes * product_tile::lanes)},
           &product_kernel<Real, Problem>, shape, problem);
}

}  // namespace elm

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/core/simd/lanes.h"

namespace elm {

/// Columns that are read together, a whole cache line; rows and columns of a matrix are multiples
/// of it, and it of the lanes of any vector.
inline constexpr std::int64_t fourier_block = 16;

template <class Real>
class ChirpTransform;

/// Discrete Fourier transform of one length, without a factor in front:
///   out_k = sum_m in_m exp(2 pi i m k / n),   k = 0 .. n - 1
/// The transform with exp(-2 pi i m k / n) is the same with real and imaginary parts exchanged in
/// input and output. Real and imaginary parts are arrays of their own.
///
/// Lengths 256 * 2^a 3^b 5^c: n = rows * columns, both multiples of 16. Columns of the input as a
/// matrix (rows, columns) are transformed side by side, a column in each lane, then the columns of
/// its transpose (Bailey 1990, doi:10.1007/BF00162341), by Stockham's method with radices 5, 4, 3
/// and 2. Any other length goes through such a length (chirp_transform.h).
template <class Real>
class Fourier {
public:
    /// Memory for one transform at a time.
    struct Workspace {
        lanes::AlignedVector<Real> between, columns, real, imaginary;
    };

    explicit Fourier(std::int64_t length);

    std::int64_t length() const noexcept { return length_; }
    /// Input and output may be the same arrays. Each has length() elements.
    void transform(const Real* real, const Real* imaginary, Real* out_real, Real* out_imaginary,
                   Workspace& workspace) const;

    /// The smallest length of at least `length` that needs no chirp.
    static std::int64_t smooth_length(std::int64_t length);

private:
    struct Stage {
        int radix;
        std::vector<Real> real, imaginary;  // (index, power) of the twiddle factors
    };
    /// Transform of all columns of a matrix of `length` rows.
    struct Columns {
        std::int64_t length = 0;
        std::vector<Stage> stages;
    };

    static Columns make_columns(std::int64_t length);
    static Real* transform_columns(const Columns& columns, Real* from, Real* to);
    /// Transforms of a block of neighbouring columns, in parts of as many as there are lanes: row
    /// by row a vector of real and one of imaginary parts.
    struct Block {
        Real* part[fourier_block / lanes::native<Real>];
        Real* room[fourier_block / lanes::native<Real>];  // as much memory
    };
    /// Rows from `n_rows` on are zeros, and are not read.
    static Block transform_block(const Columns& columns, const Real* real, const Real* imaginary,
                                 std::int64_t n_rows, std::int64_t row_length,
                                 Workspace& workspace);
    /// Rows of the transpose are apart by no power of two, which would map them to few cache sets.
    std::int64_t turned_length() const { return rows_.length + fourier_block; }
    /// The first half of a smooth transform, into workspace.between: (columns, turned_length()) of
    /// real, then as many of imaginary parts.
    void transform_first_half(const Real* real, const Real* imaginary, std::int64_t n_rows,
                              Workspace& workspace) const;
    void transform_smooth(const Real* real, const Real* imaginary, Real* out_real,
                          Real* out_imaginary, Workspace& workspace) const;
    friend class ChirpTransform<Real>;
    /// workspace.real and .imaginary, of which rows from `n_rows` on are zeros and not read, become
    /// their convolution with what has this transform, of which rows from `n_wanted` on are not
    /// written. The second half of one transform and the first half of the next work on the same
    /// columns, which stay in the cache, and in between nothing needs to be in order.
    void convolve(std::int64_t n_rows, std::int64_t n_wanted, const Real* kernel_real,
                  const Real* kernel_imaginary, Workspace& workspace) const;
    void filter_columns(std::int64_t first, const Real* kernel_real, const Real* kernel_imaginary,
                        Workspace& workspace) const;

    std::int64_t length_ = 0;
    Columns rows_, columns_;  // of rows and of columns elements
    lanes::AlignedVector<Real> twiddle_real_, twiddle_imaginary_;  // (rows, columns)
    std::shared_ptr<const ChirpTransform<Real>> chirp_;            // of other lengths
};

}  // namespace elm

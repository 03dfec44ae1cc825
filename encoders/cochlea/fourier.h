#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/core/simd/lanes.h"

namespace elm {

/// Columns that are read together, a whole cache line; rows and columns of a matrix are multiples
/// of it, and it of the lanes of any vector.
inline constexpr std::int64_t fourier_block = 16;

/// Discrete Fourier transform of one length, without a factor in front:
///   out_k = sum_m in_m exp(2 pi i m k / n),   k = 0 .. n - 1
/// The transform with exp(-2 pi i m k / n) is the same with real and imaginary parts exchanged in
/// input and output. Real and imaginary parts are arrays of their own.
///
/// Lengths 256 * 2^a 3^b 5^c: n = rows * columns, both multiples of 16. Columns of the input as a
/// matrix (rows, columns) are transformed side by side, a column in each lane, then the columns of
/// its transpose (Bailey 1990, doi:10.1007/BF00162341), by Stockham's method with radices 5, 4, 3
/// and 2. Any other length is a convolution with a chirp of such a length (Bluestein 1970,
/// doi:10.1109/TAU.1970.1162132).
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
        const Real* part[fourier_block / lanes::native<Real>];
    };
    static Block transform_block(const Columns& columns, const Real* real, const Real* imaginary,
                                 std::int64_t row_length, Workspace& workspace);
    void transform_smooth(const Real* real, const Real* imaginary, Real* out_real,
                          Real* out_imaginary, Workspace& workspace) const;
    void transform_by_chirp(const Real* real, const Real* imaginary, Real* out_real,
                            Real* out_imaginary, Workspace& workspace) const;

    std::int64_t length_ = 0;
    Columns rows_, columns_;  // of rows and of columns elements
    lanes::AlignedVector<Real> twiddle_real_, twiddle_imaginary_;  // (rows, columns)
    std::unique_ptr<Fourier> longer_;                              // for the chirp
    std::vector<Real> chirp_real_, chirp_imaginary_, kernel_real_, kernel_imaginary_;
};

}  // namespace elm

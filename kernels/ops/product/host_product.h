#pragma once

#include <cstdint>

#include "kernels/core/simd/lanes.h"

namespace elm {

/// A matrix in host memory whose rows are `stride` elements apart, or the transpose of one.
template <class Real>
struct HostFactor {
    const Real* data;
    std::int64_t stride;
    bool transposed = false;
};

/// result += left right, on the calling thread, for matrices that do not overlap. In float32 by the
/// tiles of packed_product.h, in float64 by Eigen.
/// Shapes: left (rows, inner), right (inner, columns), result (rows, columns), its rows
/// `result_stride` apart.
template <class Real>
void add_product(std::int64_t rows, std::int64_t columns, std::int64_t inner,
                 const HostFactor<Real>& left, const HostFactor<Real>& right, Real* result,
                 std::int64_t result_stride);

/// A right factor (inner, columns) of several products, which threads may compute side by side: in
/// float32 a copy in the order of the tiles, in float64 the factor as it is.
template <class Real>
class RightFactor {
public:
    RightFactor() = default;
    RightFactor(std::int64_t inner, std::int64_t columns, const HostFactor<Real>& right);

    /// result += left right, as add_product does it, to the same bits.
    void add_product(std::int64_t rows, const HostFactor<Real>& left, Real* result,
                     std::int64_t result_stride) const;

private:
    std::int64_t inner_ = 0, columns_ = 0;
    HostFactor<Real> right_{};
    lanes::AlignedVector<Real> panels_;  // float32
};

}  // namespace elm

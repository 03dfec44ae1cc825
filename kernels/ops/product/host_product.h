#pragma once

#include <cstdint>

namespace elm {

/// A matrix in host memory whose rows are `stride` elements apart, or the transpose of one.
template <class Real>
struct HostFactor {
    const Real* data;
    std::int64_t stride;
    bool transposed = false;
};

/// result += left right, on the calling thread, for matrices that do not overlap.
/// Shapes: left (rows, inner), right (inner, columns), result (rows, columns), its rows
/// `result_stride` apart.
template <class Real>
void add_product(std::int64_t rows, std::int64_t columns, std::int64_t inner,
                 const HostFactor<Real>& left, const HostFactor<Real>& right, Real* result,
                 std::int64_t result_stride);

}  // namespace elm

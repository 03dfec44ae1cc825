#include "kernels/ops/product/host_product.h"

#include <Eigen/Core>

namespace elm {
namespace {

template <class Real, class Left, class Right, class Result>
void add(bool transpose_right, const Left& left, const Right& right_as, Result& result) {
    if (transpose_right) {
        result.noalias() += left * right_as(true).transpose();
    } else {
        result.noalias() += left * right_as(false);
    }
}

}  // namespace

template <class Real>
void add_product(std::int64_t rows, std::int64_t columns, std::int64_t inner,
                 const HostFactor<Real>& left, const HostFactor<Real>& right, Real* result,
                 std::int64_t result_stride) {
    using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    using Stride = Eigen::OuterStride<>;
    using Factor = Eigen::Map<const Matrix, Eigen::Unaligned, Stride>;
    if (rows == 0 || columns == 0 || inner == 0) return;
    Eigen::Map<Matrix, Eigen::Unaligned, Stride> sum(result, rows, columns, Stride(result_stride));
    const auto right_as = [&](bool transposed) {
        return Factor(right.data, transposed ? columns : inner, transposed ? inner : columns,
                      Stride(right.stride));
    };
    if (left.transposed) {
        const Factor stored(left.data, inner, rows, Stride(left.stride));
        add<Real>(right.transposed, stored.transpose(), right_as, sum);
    } else {
        const Factor stored(left.data, rows, inner, Stride(left.stride));
        add<Real>(right.transposed, stored, right_as, sum);
    }
}

template void add_product(std::int64_t, std::int64_t, std::int64_t, const HostFactor<float>&,
                          const HostFactor<float>&, float*, std::int64_t);
template void add_product(std::int64_t, std::int64_t, std::int64_t, const HostFactor<double>&,
                          const HostFactor<double>&, double*, std::int64_t);

}  // namespace elm

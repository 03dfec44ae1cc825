#include "kernels/ops/product/host_product.h"

#include <type_traits>

#include <Eigen/Core>

#include "kernels/ops/product/packed_product.h"

namespace elm {
namespace {

template <class Real>
constexpr bool packs = std::is_same_v<Real, float>;

template <class Left, class Right, class Result>
void add(bool transpose_right, const Left& left, const Right& right_as, Result& result) {
    if (transpose_right) {
        result.noalias() += left * right_as(true).transpose();
    } else {
        result.noalias() += left * right_as(false);
    }
}

template <class Real>
void add_by_eigen(std::int64_t rows, std::int64_t columns, std::int64_t inner,
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
        add(right.transposed, stored.transpose(), right_as, sum);
    } else {
        const Factor stored(left.data, rows, inner, Stride(left.stride));
        add(right.transposed, stored, right_as, sum);
    }
}

/// At least `count` elements that stay with the thread, whatever is in them.
template <class Real>
Real* grown(lanes::AlignedVector<Real>& room, std::int64_t count) {
    if (std::ssize(room) < count) room.resize(static_cast<std::size_t>(count));
    return room.data();
}

template <class Real>
void add_by_tiles(std::int64_t rows, std::int64_t columns, std::int64_t inner,
                  const HostFactor<Real>& left, const Real* panels, Real* result,
                  std::int64_t result_stride) {
    thread_local lanes::AlignedVector<Real> room;
    lanes::add_packed(rows, columns, inner, left, panels, result, result_stride,
                      grown(room, lanes::packed_room<Real>));
}

}  // namespace

template <class Real>
void add_product(std::int64_t rows, std::int64_t columns, std::int64_t inner,
                 const HostFactor<Real>& left, const HostFactor<Real>& right, Real* result,
                 std::int64_t result_stride) {
    if constexpr (packs<Real>) {
        thread_local lanes::AlignedVector<Real> copy;
        Real* const panels = grown(copy, lanes::packed_size<Real>(inner, columns));
        lanes::pack_right(inner, columns, right, panels);
        add_by_tiles(rows, columns, inner, left, panels, result, result_stride);
    } else {
        add_by_eigen(rows, columns, inner, left, right, result, result_stride);
    }
}

template <class Real>
RightFactor<Real>::RightFactor(std::int64_t inner, std::int64_t columns,
                               const HostFactor<Real>& right)
    : inner_(inner), columns_(columns), right_(right) {
    if constexpr (packs<Real>) {
        panels_.resize(static_cast<std::size_t>(lanes::packed_size<Real>(inner, columns)));
        lanes::pack_right(inner, columns, right, panels_.data());
    }
}

template <class Real>
void RightFactor<Real>::add_product(std::int64_t rows, const HostFactor<Real>& left, Real* result,
                                    std::int64_t result_stride) const {
    if constexpr (packs<Real>) {
        add_by_tiles(rows, columns_, inner_, left, panels_.data(), result, result_stride);
    } else {
        add_by_eigen(rows, columns_, inner_, left, right_, result, result_stride);
    }
}

template void add_product(std::int64_t, std::int64_t, std::int64_t, const HostFactor<float>&,
                          const HostFactor<float>&, float*, std::int64_t);
template void add_product(std::int64_t, std::int64_t, std::int64_t, const HostFactor<double>&,
                          const HostFactor<double>&, double*, std::int64_t);
template class RightFactor<float>;
template class RightFactor<double>;

}  // namespace elm

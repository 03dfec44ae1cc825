#include "kernels/ops/basic/softmax.h"

#include "kernels/core/cuda/parallel.cuh"
#include "kernels/core/cuda/reduce.cuh"

namespace elm {
namespace {

/// One warp per row.
template <class Real>
__global__ void __launch_bounds__(256) softmax_rows_kernel(SoftmaxArgs<Real> args) {
    const auto [rows, columns] = args.probabilities.extent;
    const std::int64_t row = warp_index();
    if (row >= rows) return;
    Real largest = Real(-INFINITY);
    for (std::int64_t column = lane_index(); column < columns; column += warp_size) {
        largest = max(largest, args.logits(row, column));
    }
    largest = warp_max(largest);
    Real sum = 0;
    for (std::int64_t column = lane_index(); column < columns; column += warp_size) {
        const Real part = exp(args.logits(row, column) - largest);
        args.probabilities(row, column) = part;
        sum += part;
    }
    sum = warp_sum(sum);
    for (std::int64_t column = lane_index(); column < columns; column += warp_size) {
        args.probabilities(row, column) /= sum;
    }
}

/// One warp per row.
template <class Real>
__global__ void __launch_bounds__(256)
    softmax_rows_backward_kernel(SoftmaxBackwardArgs<Real> args) {
    const auto [rows, columns] = args.logit_gradient.extent;
    const std::int64_t row = warp_index();
    if (row >= rows) return;
    Real mean = 0;
    for (std::int64_t column = lane_index(); column < columns; column += warp_size) {
        mean += args.probabilities(row, column) * args.probability_gradient(row, column);
    }
    mean = warp_sum(mean);
    for (std::int64_t column = lane_index(); column < columns; column += warp_size) {
        args.logit_gradient(row, column) =
            args.probabilities(row, column) * (args.probability_gradient(row, column) - mean);
    }
}

template <class Real>
void launch_softmax(Stream& stream, const SoftmaxArgs<Real>& args) {
    launch(stream, "softmax", one_warp_per_row(args.probabilities.extent[0]),
           &softmax_rows_kernel<Real>, args);
}

template <class Real>
void launch_softmax_backward(Stream& stream, const SoftmaxBackwardArgs<Real>& args) {
    launch(stream, "softmax_backward", one_warp_per_row(args.logit_gradient.extent[0]),
           &softmax_rows_backward_kernel<Real>, args);
}

}  // namespace

template <>
void run_softmax<Cuda, float>(Stream& stream, const SoftmaxArgs<float>& args) {
    launch_softmax(stream, args);
}
template <>
void run_softmax<Cuda, double>(Stream& stream, const SoftmaxArgs<double>& args) {
    launch_softmax(stream, args);
}
template <>
void run_softmax_backward<Cuda, float>(Stream& stream, const SoftmaxBackwardArgs<float>& args) {
    launch_softmax_backward(stream, args);
}
template <>
void run_softmax_backward<Cuda, double>(Stream& stream, const SoftmaxBackwardArgs<double>& args) {
    launch_softmax_backward(stream, args);
}

}  // namespace elm

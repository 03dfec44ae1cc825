#include "kernels/ops/basic/softmax.h"

#include <Eigen/Core>
#include <algorithm>

#include "kernels/autograd/context.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"

namespace elm {
namespace {

/// Row `index` of a matrix, for vectorised arithmetic.
template <class Real>
auto row(const View<Real, 2>& matrix, std::int64_t index) {
    using Array = Eigen::Array<std::remove_const_t<Real>, Eigen::Dynamic, 1>;
    using Row = std::conditional_t<std::is_const_v<Real>, const Array, Array>;
    return Eigen::Map<Row>(matrix.data + index * matrix.extent[1], matrix.extent[1]);
}

/// Calls body(row) for all rows, in tasks that are large enough for a thread.
template <class Real, class Body>
void for_each_row(const View<Real, 2>& matrix, const Body& body) {
    const std::int64_t rows = matrix.extent[0], columns = matrix.extent[1];
    if (columns == 0) return;
    const std::int64_t elements_per_task = 4096;
    const std::int64_t rows_per_task = std::max<std::int64_t>(1, elements_per_task / columns);
    Cpu::for_each_task((rows + rows_per_task - 1) / rows_per_task, [&](std::int64_t task) {
        const std::int64_t end = std::min(rows, (task + 1) * rows_per_task);
        for (std::int64_t index = task * rows_per_task; index < end; ++index) body(index);
    });
}

template <class Real>
void softmax_rows(const SoftmaxArgs<Real>& args) {
    for_each_row(args.probabilities, [&](std::int64_t index) {
        const auto logits = row(args.logits, index);
        auto probabilities = row(args.probabilities, index);
        probabilities = (logits - logits.maxCoeff()).exp();
        probabilities /= probabilities.sum();
    });
}

template <class Real>
void softmax_rows_backward(const SoftmaxBackwardArgs<Real>& args) {
    for_each_row(args.logit_gradient, [&](std::int64_t index) {
        const auto probabilities = row(args.probabilities, index);
        const auto gradient = row(args.probability_gradient, index);
        const Real mean = (probabilities * gradient).sum();
        row(args.logit_gradient, index) = probabilities * (gradient - mean);
    });
}

}  // namespace

template <>
void run_softmax<Cpu, float>(Stream&, const SoftmaxArgs<float>& args) {
    softmax_rows(args);
}
template <>
void run_softmax<Cpu, double>(Stream&, const SoftmaxArgs<double>& args) {
    softmax_rows(args);
}
template <>
void run_softmax_backward<Cpu, float>(Stream&, const SoftmaxBackwardArgs<float>& args) {
    softmax_rows_backward(args);
}
template <>
void run_softmax_backward<Cpu, double>(Stream&, const SoftmaxBackwardArgs<double>& args) {
    softmax_rows_backward(args);
}

Var softmax(Context& context, const Var& logits) {
    const Shape& shape = logits.value.shape();
    ELM_CHECK(shape.rank() > 0, "softmax: logits need at least one axis");
    const Shape rows = as_rows(shape);
    const Tensor probabilities = Tensor::empty(context.stream, shape, logits.value.dtype());
    visit_real(probabilities.dtype(), [&]<class Real>(Real) {
        softmax_kernel<Real>(context.stream, {view<const Real, 2>(logits.value.reshape(rows)),
                                              view<Real, 2>(probabilities.reshape(rows))});
    });
    return record(
        context, probabilities, {logits},
        [probabilities, rows](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
            const Tensor result =
                Tensor::empty(stream, probabilities.shape(), probabilities.dtype());
            visit_real(result.dtype(), [&]<class Real>(Real) {
                softmax_backward_kernel<Real>(stream,
                                              {view<const Real, 2>(probabilities.reshape(rows)),
                                               view<const Real, 2>(gradient.reshape(rows)),
                                               view<Real, 2>(result.reshape(rows))});
            });
            sinks[0].deliver(stream, result);
        });
}

}  // namespace elm

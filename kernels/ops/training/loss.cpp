#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/training/loss_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cpu, run_cross_entropy, CrossEntropyArgs);
ELM_DEFINE_INSTANCES(Cpu, run_cross_entropy_backward, CrossEntropyBackwardArgs);
ELM_DEFINE_INSTANCES(Cpu, run_element_loss, ElementLossArgs);
ELM_DEFINE_INSTANCES(Cpu, run_element_loss_backward, ElementLossBackwardArgs);
ELM_DEFINE_INSTANCES(Cpu, run_weighted_mean, WeightedMeanArgs);

namespace {

/// The predictions as rows, and the shape of what there is one of for each row.
struct Rows {
    Shape matrix, each;
};

Rows rows_of(const Var& predictions, const char* name) {
    const Shape& shape = predictions.value.shape();
    ELM_CHECK(shape.rank() >= 2, "{}: predictions have shape {}, expected (rows..., columns)", name,
              to_string(shape));
    return {as_rows(shape), shape.without(shape.rank() - 1)};
}

void require_weights(const Tensor& weights, const Rows& rows, const std::string& name) {
    if (weights.defined()) require_shape(weights.shape(), rows.each, name + ": weights");
}

template <class Real>
View<const Real, 1> view_weights(const Tensor& weights) {
    if (!weights.defined()) return {nullptr, {0}};
    return view<const Real, 1>(weights.reshape({weights.shape().size()}));
}

/// `compute(parts)` writes the parts of each row and `differentiate(stream, sums, loss_gradient,
/// prediction_gradient)` the gradient of the predictions as rows.
template <class Compute, class Differentiate>
Var weighted_mean(Context& context, const Var& predictions, const Rows& rows,
                  const Compute& compute, Differentiate differentiate) {
    const DType dtype = predictions.value.dtype();
    const Tensor parts = Tensor::empty(context.stream, {rows.matrix[0], 2}, dtype);
    compute(parts);
    const Tensor sums = sum_rows(context.stream, parts);
    const Tensor loss = Tensor::empty(context.stream, {1}, dtype);
    visit_real(dtype, [&]<class Real>(Real) {
        weighted_mean_kernel<Real>(context.stream,
                                   {view<const Real, 1>(sums), view<Real, 1>(loss)});
    });
    return record(context, loss.reshape({}), {predictions},
                  [shape = predictions.value.shape(), matrix = rows.matrix, sums,
                   differentiate = std::move(differentiate)](Stream& stream, const Tensor& gradient,
                                                             std::span<GradSink> sinks) {
                      const Tensor result = Tensor::empty(stream, matrix, gradient.dtype());
                      differentiate(stream, sums, gradient.reshape({1}), result);
                      sinks[0].deliver(stream, result.reshape(shape));
                  });
}

Var element_loss(Context& context, ElementLoss function, const char* name, const Var& predictions,
                 const Tensor& targets, const Tensor& weights) {
    const Rows rows = rows_of(predictions, name);
    require_shape(targets.shape(), predictions.value.shape(), std::string(name) + ": targets");
    require_weights(weights, rows, name);
    const Tensor prediction = predictions.value.reshape(rows.matrix);
    const Tensor target = targets.reshape(rows.matrix);
    return weighted_mean(
        context, predictions, rows,
        [&](const Tensor& parts) {
            visit_real(parts.dtype(), [&]<class Real>(Real) {
                element_loss_kernel<Real>(
                    context.stream,
                    {function, view<const Real, 2>(prediction), view<const Real, 2>(target),
                     view_weights<Real>(weights), view<Real, 2>(parts)});
            });
        },
        [=](Stream& stream, const Tensor& sums, const Tensor& gradient, const Tensor& result) {
            visit_real(result.dtype(), [&]<class Real>(Real) {
                element_loss_backward_kernel<Real>(
                    stream, {function, view<const Real, 2>(prediction), view<const Real, 2>(target),
                             view_weights<Real>(weights), view<const Real, 1>(sums),
                             view<const Real, 1>(gradient), view<Real, 2>(result)});
            });
        });
}

}  // namespace

Var cross_entropy(Context& context, const Var& logits, const Tensor& labels,
                  const Tensor& weights) {
    const Rows rows = rows_of(logits, "cross_entropy");
    require_shape(labels.shape(), rows.each, "cross_entropy: labels");
    require_weights(weights, rows, "cross_entropy");
    const Tensor matrix = logits.value.reshape(rows.matrix);
    const Tensor label = labels.reshape({rows.matrix[0]});
    return weighted_mean(
        context, logits, rows,
        [&](const Tensor& parts) {
            visit_real(parts.dtype(), [&]<class Real>(Real) {
                cross_entropy_kernel<Real>(
                    context.stream,
                    {view<const Real, 2>(matrix), view<const std::int32_t, 1>(label),
                     view_weights<Real>(weights), view<Real, 2>(parts)});
            });
        },
        [=](Stream& stream, const Tensor& sums, const Tensor& gradient, const Tensor& result) {
            visit_real(result.dtype(), [&]<class Real>(Real) {
                cross_entropy_backward_kernel<Real>(
                    stream, {view<const Real, 2>(matrix), view<const std::int32_t, 1>(label),
                             view_weights<Real>(weights), view<const Real, 1>(sums),
                             view<const Real, 1>(gradient), view<Real, 2>(result)});
            });
        });
}

Var binary_cross_entropy(Context& context, const Var& logits, const Tensor& targets,
                         const Tensor& weights) {
    return element_loss(context, ElementLoss::binary_cross_entropy, "binary_cross_entropy", logits,
                        targets, weights);
}

Var mean_squared_error(Context& context, const Var& predictions, const Tensor& targets,
                       const Tensor& weights) {
    return element_loss(context, ElementLoss::squared_error, "mean_squared_error", predictions,
                        targets, weights);
}

}  // namespace elm

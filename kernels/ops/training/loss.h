#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/tensor.h"

namespace elm {

struct Context;
struct Var;

// A loss is sum_r w_r loss_r / sum_r w_r over rows r: samples, or samples and time steps. A row of
// weight 0 is masked out, whatever stands in it; if all are, the loss is 0.

/// parts[row] = (w_row loss_row, w_row) with loss_row = log(sum_k exp(logits[k])) - logits[label].
/// Shapes: logits (rows, classes); labels (rows); weights (rows), or no data: all 1; parts (rows,
/// 2). A label that is no class gives NaN.
template <class Real>
struct CrossEntropyArgs {
    View<const Real, 2> logits;
    View<const std::int32_t, 1> labels;
    View<const Real, 1> weights;
    View<Real, 2> parts;
};

/// logit_gradient[row][k] = loss_gradient w_row / sums[1] (softmax(logits[row])[k] - [k = label]).
/// Shapes as above; sums (2), the sums of the parts; loss_gradient (1).
template <class Real>
struct CrossEntropyBackwardArgs {
    View<const Real, 2> logits;
    View<const std::int32_t, 1> labels;
    View<const Real, 1> weights;
    View<const Real, 1> sums;
    View<const Real, 1> loss_gradient;
    View<Real, 2> logit_gradient;
};

enum class ElementLoss : std::uint8_t {
    squared_error,        // (p - t)^2
    binary_cross_entropy  // log(1 + exp(p)) - t p, of logits p and probabilities t
};

/// parts[row] = (w_row loss_row, w_row), where loss_row is the mean over the columns.
/// Shapes: predictions, targets (rows, columns); weights, parts as above.
template <class Real>
struct ElementLossArgs {
    ElementLoss function;
    View<const Real, 2> predictions;
    View<const Real, 2> targets;
    View<const Real, 1> weights;
    View<Real, 2> parts;
};
template <class Real>
struct ElementLossBackwardArgs {
    ElementLoss function;
    View<const Real, 2> predictions;
    View<const Real, 2> targets;
    View<const Real, 1> weights;
    View<const Real, 1> sums;
    View<const Real, 1> loss_gradient;
    View<Real, 2> prediction_gradient;
};

/// loss[0] = sums[0] / sums[1], or 0 if sums[1] is 0.
template <class Real>
struct WeightedMeanArgs {
    View<const Real, 1> sums;
    View<Real, 1> loss;
};

template <class Backend, class Real>
void run_cross_entropy(Stream& stream, const CrossEntropyArgs<Real>& args);
template <class Backend, class Real>
void run_cross_entropy_backward(Stream& stream, const CrossEntropyBackwardArgs<Real>& args);
template <class Backend, class Real>
void run_element_loss(Stream& stream, const ElementLossArgs<Real>& args);
template <class Backend, class Real>
void run_element_loss_backward(Stream& stream, const ElementLossBackwardArgs<Real>& args);
template <class Backend, class Real>
void run_weighted_mean(Stream& stream, const WeightedMeanArgs<Real>& args);

template <class Real>
inline constexpr Kernel<CrossEntropyArgs<Real>> cross_entropy_kernel{
    "cross_entropy", &run_cross_entropy<Cpu, Real>, ELM_IF_CUDA((&run_cross_entropy<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<CrossEntropyBackwardArgs<Real>> cross_entropy_backward_kernel{
    "cross_entropy_backward", &run_cross_entropy_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_cross_entropy_backward<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<ElementLossArgs<Real>> element_loss_kernel{
    "element_loss", &run_element_loss<Cpu, Real>, ELM_IF_CUDA((&run_element_loss<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<ElementLossBackwardArgs<Real>> element_loss_backward_kernel{
    "element_loss_backward", &run_element_loss_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_element_loss_backward<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<WeightedMeanArgs<Real>> weighted_mean_kernel{
    "weighted_mean", &run_weighted_mean<Cpu, Real>, ELM_IF_CUDA((&run_weighted_mean<Cuda, Real>))};

// The differentiable forms give one element, shape (). Shapes: predictions (..., columns); targets
// the same; labels (i32) and weights have all axes of the predictions but the last. Undefined
// weights are all 1. No gradient goes to targets, labels and weights.
// They throw Error{invalid} naming the argument whose shape does not fit.

/// Cross entropy of softmax(logits) with class labels. A label outside [0, classes) in a row that
/// counts makes the loss NaN: a device cannot throw.
Var cross_entropy(Context& context, const Var& logits, const Tensor& labels,
                  const Tensor& weights = {});

/// Cross entropy of sigmoid(logits) with the probabilities `targets`, mean over the last axis.
Var binary_cross_entropy(Context& context, const Var& logits, const Tensor& targets,
                         const Tensor& weights = {});

/// Squared error, mean over the last axis.
Var mean_squared_error(Context& context, const Var& predictions, const Tensor& targets,
                       const Tensor& weights = {});

}  // namespace elm

#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/view.h"

namespace elm {

struct Context;
struct Var;

/// probabilities[i] = exp(logits[i] - max) / sum_k exp(logits[k] - max), for each row.
/// Shapes: logits, probabilities (rows, columns). A row of -infinity alone gives NaN.
template <class Real>
struct SoftmaxArgs {
    View<const Real, 2> logits;
    View<Real, 2> probabilities;
};

/// logit_gradient[i] = p[i] (g[i] - sum_k p[k] g[k]), for each row; g is probability_gradient.
template <class Real>
struct SoftmaxBackwardArgs {
    View<const Real, 2> probabilities;
    View<const Real, 2> probability_gradient;
    View<Real, 2> logit_gradient;
};

template <class Backend, class Real>
void run_softmax(Stream& stream, const SoftmaxArgs<Real>& args);
template <class Backend, class Real>
void run_softmax_backward(Stream& stream, const SoftmaxBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<SoftmaxArgs<Real>> softmax_kernel{"softmax", &run_softmax<Cpu, Real>,
                                                          ELM_IF_CUDA((&run_softmax<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<SoftmaxBackwardArgs<Real>> softmax_backward_kernel{
    "softmax_backward", &run_softmax_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_softmax_backward<Cuda, Real>))};

/// Differentiable form over the last axis of any shape; keeps the probabilities.
/// Throws Error{invalid} for a tensor without axes.
Var softmax(Context& context, const Var& logits);

}  // namespace elm

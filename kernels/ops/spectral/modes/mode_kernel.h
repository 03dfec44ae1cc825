#pragma once

#include "kernels/ops/spectral/modes/modes.h"

/// The response of a diagonal state space to an impulse, a sum over its modes (Vandermonde
/// product):
///
///   kernel[s] = 2 Re sum over n of w[n] e^(x[n] s)  +  skip at s = 0
///
/// Powers are made by multiplication in float64: after 2^14 steps they are right to 2e-12.
namespace elm {

/// Shapes: exponent, weight (modes, features); skip (features); kernel (time, features).
template <class Real>
struct ModeKernelArgs {
    Planes<const double, 2> exponent, weight;
    View<const Real, 1> skip;
    View<Real, 2> kernel;
};
template <class Real>
struct ModeKernelBackwardArgs {
    Planes<const double, 2> exponent, weight;
    View<const Real, 2> kernel_gradient;
    Planes<double, 2> exponent_gradient, weight_gradient;
};

template <class Backend, class Real>
void run_mode_kernel(Stream& stream, const ModeKernelArgs<Real>& args);
template <class Backend, class Real>
void run_mode_kernel_backward(Stream& stream, const ModeKernelBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<ModeKernelArgs<Real>> mode_kernel_kernel{
    "mode_kernel", &run_mode_kernel<Cpu, Real>, ELM_IF_CUDA((&run_mode_kernel<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<ModeKernelBackwardArgs<Real>> mode_kernel_backward_kernel{
    "mode_kernel_backward", &run_mode_kernel_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_mode_kernel_backward<Cuda, Real>))};

/// (length, features), of the type of `skip` (features). Throws Error{invalid} naming the argument
/// whose shape does not fit.
Var mode_kernel(Context& context, const Modes& modes, const Var& skip, std::int64_t length);

}  // namespace elm

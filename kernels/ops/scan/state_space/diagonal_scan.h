#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/tensor.h"
#include "kernels/ops/basic/complex_planes.h"

/// A diagonal linear recurrence over time, of real or of complex numbers:
///
///   h[t] = a[t] h[t-1] + b[t],   h[-1] = initial
///
/// Its gradient is the same recurrence backwards, p[t] = g[t] + conj(a[t+1]) p[t+1]: that of b[t]
/// is p[t], that of a[t] is p[t] conj(h[t-1]). Gradients of complex numbers are
/// d/d real + i d/d imaginary. As in Blelloch 1990, "Prefix sums and their applications",
/// CMU-CS-90-190, section 1.4, and Smith et al. 2023, arXiv 2208.04933.
namespace elm {

/// Shapes: input, state (batch, time, units); initial (batch, units); decay (batch, time, units),
/// or (1, 1, units) if it is `constant`, the same in all steps. Of real numbers the imaginary
/// planes have no data.
template <class Real>
struct DiagonalScanArgs {
    bool constant;
    Planes<const Real, 3> decay, input;
    Planes<const Real, 2> initial;
    Planes<Real, 3> state;
};

/// Shapes as above; decay_gradient (batch, time, units), or for a constant decay (batch, 1, units),
/// whose sum over the batch is the gradient.
template <class Real>
struct DiagonalScanBackwardArgs {
    bool constant;
    Planes<const Real, 3> decay, state;
    Planes<const Real, 2> initial;
    Planes<const Real, 3> state_gradient;
    Planes<Real, 3> input_gradient, decay_gradient;
    Planes<Real, 2> initial_gradient;
};

template <class Backend, class Real>
void run_diagonal_scan(Stream& stream, const DiagonalScanArgs<Real>& args);
template <class Backend, class Real>
void run_diagonal_scan_backward(Stream& stream, const DiagonalScanBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<DiagonalScanArgs<Real>> diagonal_scan_kernel{
    "diagonal_scan", &run_diagonal_scan<Cpu, Real>, ELM_IF_CUDA((&run_diagonal_scan<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<DiagonalScanBackwardArgs<Real>> diagonal_scan_backward_kernel{
    "diagonal_scan_backward", &run_diagonal_scan_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_diagonal_scan_backward<Cuda, Real>))};

/// Differentiable form for real numbers; keeps decay and states. Shapes: input, result (batch,
/// time, units); decay the same, or (units) for all steps; initial (batch, units). Throws
/// Error{invalid} naming the argument whose shape does not fit.
Var diagonal_scan(Context& context, const Var& decay, const Var& input, const Var& initial);

/// The same for complex numbers.
ComplexVar diagonal_scan(Context& context, const ComplexVar& decay, const ComplexVar& input,
                         const ComplexVar& initial);

}  // namespace elm

#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/tensor.h"
#include "kernels/ops/basic/complex_planes.h"

/// A diagonal state space whose decay follows the input, with its input and output as one
/// recurrence over time, N conjugate pairs of modes for each feature:
///
///   x[t][n] = r[t][n] x[t-1][n] + gain[n] u[t],   r[t][n] = decay[n] + gain[n] u[t],   x[-1] =
///   initial y[t]    = 2 Re sum over n of weight[n] x[t][n]
///
/// Nothing keeps |r| below 1, and under inputs of one sign states grow exponentially. `bounded` has
/// r / max(1, |r|) in the place of r.
///
/// No array of (time, features, modes) is kept: the states at the beginning of each segment of time
/// are, and backward runs through a segment again. Source: Hasani et al. 2023, arXiv 2209.12951,
/// section 3 (Liquid-S4).
namespace elm {

struct Context;

inline constexpr std::int64_t liquid_scan_segment = 32;  // steps

/// Shapes: input, output (batch, time, features); decay, gain, weight (modes, features); initial,
/// final (batch, modes, features); segment_starts (batch, segments, modes, features).
template <class Real>
struct LiquidScanArgs {
    View<const Real, 3> input;
    Planes<const Real, 2> decay, gain, weight;
    Planes<const Real, 3> initial;
    bool bounded;
    View<Real, 3> output;
    Planes<Real, 3> final;
    Planes<Real, 4> segment_starts;
};

/// Shapes as above; what samples share comes for each: decay_gradient, gain_gradient,
/// weight_gradient (batch, modes, features). `trace` is room for the states of a segment (batch,
/// liquid_scan_segment + 1, modes, features).
template <class Real>
struct LiquidScanBackwardArgs {
    View<const Real, 3> input;
    Planes<const Real, 2> decay, gain, weight;
    Planes<const Real, 4> segment_starts;
    bool bounded;
    View<const Real, 3> output_gradient;
    Planes<const Real, 3> final_gradient;
    Planes<Real, 4> trace;
    View<Real, 3> input_gradient;
    Planes<Real, 3> decay_gradient, gain_gradient, weight_gradient, initial_gradient;
};

template <class Backend, class Real>
void run_liquid_scan(Stream& stream, const LiquidScanArgs<Real>& args);
template <class Backend, class Real>
void run_liquid_scan_backward(Stream& stream, const LiquidScanBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<LiquidScanArgs<Real>> liquid_scan_kernel{
    "liquid_scan", &run_liquid_scan<Cpu, Real>, ELM_IF_CUDA((&run_liquid_scan<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<LiquidScanBackwardArgs<Real>> liquid_scan_backward_kernel{
    "liquid_scan_backward", &run_liquid_scan_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_liquid_scan_backward<Cuda, Real>))};

/// What a liquid scan reads; shapes as in LiquidScanArgs.
struct LiquidScanInput {
    Var input;
    ComplexVar decay, gain, weight, initial;
    bool bounded = false;
};
struct LiquidScanResult {
    Var output;
    ComplexVar final;
};

/// Differentiable form. Throws Error{invalid} naming the argument whose shape does not fit.
LiquidScanResult liquid_scan(Context& context, const LiquidScanInput& in);

}  // namespace elm

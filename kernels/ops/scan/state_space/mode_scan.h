#pragma once

#include <vector>

#include "kernels/core/device_limits.h"
#include "kernels/core/kernel.h"
#include "kernels/core/tensor.h"
#include "kernels/ops/basic/complex_planes.h"
#include "kernels/ops/scan/state_space/selective_scan_tile.h"

/// A diagonal state space with its input and output as one recurrence over time, N conjugate pairs
/// of modes for each feature:
///
///   s[t][n] = decay[n] s[t-1][n] + u[t],   s[-1] = initial
///   y[t]    = 2 Re sum over n of weight[n] s[t][n] + skip u[t]
///
/// From rest this is the convolution of u with 2 Re sum of weight decay^s (S4D: Gu et al. 2022,
/// arXiv 2206.11893). No array of (time, features, modes) is kept: the states at the beginning of
/// each segment of time are, and backward runs through a segment again.
namespace elm {

struct Context;

inline constexpr std::int64_t mode_scan_segment = 32;     // steps
inline constexpr std::int64_t mode_scan_most_modes = 32;  // on CUDA

/// Shared memory that a block of threads takes on CUDA, backward: two numbers for each step of a
/// segment and thread.
constexpr std::size_t mode_scan_shared_bytes(std::size_t element_bytes) {
    return element_bytes * 2 * mode_scan_segment * selective_scan_block;
}

/// Throws Error{unsupported} for more modes than a device takes, and for one with too little room.
void require_mode_scan_fits(const DeviceLimits& device, std::int64_t modes, DType dtype);

/// Shapes: input, output (batch, time, features); decay, weight (modes, features); skip (features);
/// initial, final (batch, modes, features); segment_starts (batch, segments, modes, features).
template <class Real>
struct ModeScanArgs {
    View<const Real, 3> input;
    Planes<const Real, 2> decay, weight;
    View<const Real, 1> skip;
    Planes<const Real, 3> initial;
    View<Real, 3> output;
    Planes<Real, 3> final;
    Planes<Real, 4> segment_starts;
};

/// Shapes as above; what samples share comes for each: decay_gradient, weight_gradient (batch,
/// modes, features), skip_gradient (batch, features).
template <class Real>
struct ModeScanBackwardArgs {
    View<const Real, 3> input;
    Planes<const Real, 2> decay, weight;
    View<const Real, 1> skip;
    Planes<const Real, 4> segment_starts;
    View<const Real, 3> output_gradient;
    Planes<const Real, 3> final_gradient;
    View<Real, 3> input_gradient;
    Planes<Real, 3> decay_gradient, weight_gradient;
    View<Real, 2> skip_gradient;
    Planes<Real, 3> initial_gradient;
};

template <class Backend, class Real>
void run_mode_scan(Stream& stream, const ModeScanArgs<Real>& args);
template <class Backend, class Real>
void run_mode_scan_backward(Stream& stream, const ModeScanBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<ModeScanArgs<Real>> mode_scan_kernel{
    "mode_scan", &run_mode_scan<Cpu, Real>, ELM_IF_CUDA((&run_mode_scan<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<ModeScanBackwardArgs<Real>> mode_scan_backward_kernel{
    "mode_scan_backward", &run_mode_scan_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_mode_scan_backward<Cuda, Real>))};

/// What a mode scan reads; shapes as in ModeScanArgs.
struct ModeScanInput {
    Var input;
    ComplexVar decay, weight;
    Var skip;
    ComplexVar initial;
};
struct ModeScanResult {
    Var output;
    ComplexVar final;
};

/// Differentiable form. Throws Error{invalid} naming the argument whose shape does not fit, and
/// what require_mode_scan_fits() throws.
ModeScanResult mode_scan(Context& context, const ModeScanInput& in);

}  // namespace elm

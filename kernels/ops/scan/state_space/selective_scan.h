#pragma once

#include <vector>

#include "kernels/core/device_limits.h"
#include "kernels/core/kernel.h"
#include "kernels/core/tensor.h"

/// The selective state space of Mamba (S6): a diagonal recurrence whose step size, input weights
/// and output weights depend on the input. For each channel with N states
///
///   h[t][n] = exp(delta[t] rate[n]) h[t-1][n] + delta[t] u[t] B[t][n],   h[-1] = initial
///   y[t]    = sum over n of C[t][n] h[t][n] + skip u[t]
///
/// Source: Gu & Dao 2023, arXiv 2312.00752, algorithm 2 and section 3.3; as in the code of its
/// authors, the input is discretised by Euler's rule, delta B, and not by a zero-order hold. No
/// array of (time, channels, states) is kept: the states at the beginning of each segment of time
/// are, and backward runs through a segment again.
namespace elm {

struct Context;
struct Var;

inline constexpr std::int64_t selective_scan_segment = 32;  // steps

/// Shapes: input, delta, output (batch, time, channels); rate (states, channels), what delta is
/// multiplied with; input_weight, output_weight (batch, time, states), B and C; skip (channels);
/// initial, final (batch, states, channels); segment_starts (batch, segments, states, channels).
template <class Real>
struct SelectiveScanArgs {
    View<const Real, 3> input, delta;
    View<const Real, 2> rate;
    View<const Real, 3> input_weight, output_weight;
    View<const Real, 1> skip;
    View<const Real, 3> initial;
    View<Real, 3> output;
    View<Real, 3> final;
    View<Real, 4> segment_starts;
};

/// Shapes as above. Gradients of what samples share come for each sample: rate_gradient (batch,
/// states, channels), skip_gradient (batch, channels); those of what channels share for each group
/// of channels: input_weight_gradient, output_weight_gradient (batch, groups, time, states). Groups
/// are selective_scan_channels() channels wide.
template <class Real>
struct SelectiveScanBackwardArgs {
    View<const Real, 3> input, delta;
    View<const Real, 2> rate;
    View<const Real, 3> input_weight, output_weight;
    View<const Real, 1> skip;
    View<const Real, 4> segment_starts;
    View<const Real, 3> output_gradient, final_gradient;
    View<Real, 3> input_gradient, delta_gradient;
    View<Real, 3> rate_gradient;
    View<Real, 4> input_weight_gradient, output_weight_gradient;
    View<Real, 2> skip_gradient;
    View<Real, 3> initial_gradient;
};

/// Channels whose share in a gradient of B and C is added up at once on a kind of device.
std::int64_t selective_scan_channels(DeviceKind device, DType dtype, std::int64_t states);

template <class Backend, class Real>
void run_selective_scan(Stream& stream, const SelectiveScanArgs<Real>& args);
template <class Backend, class Real>
void run_selective_scan_backward(Stream& stream, const SelectiveScanBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<SelectiveScanArgs<Real>> selective_scan_kernel{
    "selective_scan", &run_selective_scan<Cpu, Real>,
    ELM_IF_CUDA((&run_selective_scan<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<SelectiveScanBackwardArgs<Real>> selective_scan_backward_kernel{
    "selective_scan_backward", &run_selective_scan_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_selective_scan_backward<Cuda, Real>))};

/// What a selective scan reads; shapes as in SelectiveScanArgs.
struct SelectiveScanInput {
    const Var &input, &delta, &rate, &input_weight, &output_weight, &skip, &initial;
};

/// Throws Error{unsupported} for more states than a device takes.
void require_selective_scan_fits(const DeviceLimits& device, std::int64_t states);

/// Differentiable form: {output, final}. Throws Error{invalid} naming the argument whose shape does
/// not fit, and what require_selective_scan_fits() throws.
std::vector<Var> selective_scan(Context& context, const SelectiveScanInput& in);

}  // namespace elm

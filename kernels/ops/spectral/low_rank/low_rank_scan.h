#pragma once

#include "kernels/ops/spectral/low_rank/low_rank_kernel.h"

/// The state space of low_rank_kernel.h as a recurrence, in O(N) a step of each feature. With e =
/// 2 / dt + a, d = 1 / (2 / dt - a), <v, x> = 2 Re sum over n of v_n x_n, and r = P* d / (1 + <P*,
/// d P>), which is the correction of a solution (Sherman & Morrison):
///
///   z = e x[t-1] - P <P*, x[t-1]> + 2 B u[t]     x[t] = d (z - P <r, z>)     y[t] = <C, x[t]>
///
/// C is the output weight itself, not that made for a number of steps. Computed in float64, as the
/// states are kept. Without gradients. Source: Gu, Goel & Ré 2022, arXiv 2111.00396, appendix C.2.
namespace elm {

/// Shapes: log_step (H); log_decay, frequency, input_weight, correction (S, N), feature h has those
/// of row h % S; output_weight (H, N); input, output (batch, time, H); initial, final (batch, N,
/// H); room for e, d and r (3, N, H).
template <class Real>
struct LowRankScanArgs {
    View<const Real, 1> log_step;
    View<const Real, 2> log_decay, frequency;
    Planes<const Real, 2> input_weight, correction;
    Planes<const double, 2> output_weight;
    View<const Real, 3> input;
    Planes<const double, 3> initial;
    Planes<double, 3> room;
    View<Real, 3> output;
    Planes<double, 3> final;
};

template <class Backend, class Real>
void run_low_rank_scan(Stream& stream, const LowRankScanArgs<Real>& args);

template <class Real>
inline constexpr Kernel<LowRankScanArgs<Real>> low_rank_scan_kernel{
    "low_rank_scan", &run_low_rank_scan<Cpu, Real>, ELM_IF_CUDA((&run_low_rank_scan<Cuda, Real>))};

/// What a scan reads; output_weight and initial in float64, all others in the type of the input.
struct LowRankScanInput {
    Tensor log_step, log_decay, frequency;
    TensorPlanes input_weight, correction, output_weight, initial;
    Tensor input;
};
struct LowRankScanResult {
    Tensor output;
    TensorPlanes final;
};

/// Throws Error{invalid} naming the argument whose shape does not fit.
LowRankScanResult low_rank_scan(Stream& stream, const LowRankScanInput& in);

}  // namespace elm

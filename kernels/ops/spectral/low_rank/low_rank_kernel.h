#pragma once

#include "kernels/core/host_device.h"
#include "kernels/ops/spectral/modes/modes.h"

/// The response to an impulse of a state space whose matrix is diagonal but for a correction P of
/// rank R, 1 or 2, N conjugate pairs of modes for each of H features:
///
///   x' = (diag(a) - P P*) x + B u    y = C x    in steps of dt = exp(log_step), by the bilinear
///   rule
///
/// By its generating function at the roots of unity w_k = e^(-2 pi i k / L), with C' = C (I - Ā^L)
/// in the place of C, where Ā is the matrix of a step (z_k = 2 (1 - w_k) / (1 + w_k) and, for
/// weights v, a Cauchy sum r_v(z) = dt sum over n of v / (z - dt a) + conj(v) / (z - conj(dt a));
/// of R corrections r_C'P is a row, r_P*B a column, r_P*P a matrix and I the identity):
///
///   spectrum[k] = 2 / (1 + w_k) (r_C'B - r_C'P (I + r_P*P)⁻¹ r_P*B)
///   kernel[s]   = (1 / L) sum over k of spectrum[k] e^(2 pi i k s / L)
///
/// Where w_k is -1 the spectrum is dt Re(sum of C' B). The sum over k is made in two stages of
/// about sqrt(L) terms (Cooley & Tukey 1965, doi:10.1090/S0025-5718-1965-0178586-1), for any L that
/// has such divisors; of a prime L it has L terms. Computed in float64. Source: Gu, Goel & Ré 2022,
/// arXiv 2111.00396, section 3 and appendix C (S4).
namespace elm {

/// How a transform of `length` points is divided: `rows` times `columns`, rows <= columns.
struct TransformStages {
    std::int64_t length, rows, columns;

    ELM_HD std::int64_t nodes() const { return length / 2 + 1; }  // of the half that says all
};

/// Shapes: log_step (H); log_decay, frequency, input_weight, B (S, N), feature h has those of row
/// h % S; correction, P (R S, N), all rows of the first one before those of the second;
/// output_weight, C' (channels, H, N); roots, e^(2 pi i k / L) (L); sums, r of (C', P*) times (B,
/// P) row by row ((1 + R)², nodes, channels H); spectrum (nodes, channels H); partial (L, channels
/// H); kernel (L, channels H).
template <class Real>
struct LowRankKernelArgs {
    TransformStages stages;
    View<const Real, 1> log_step;
    View<const Real, 2> log_decay, frequency;
    Planes<const Real, 2> input_weight, correction;
    Planes<const Real, 3> output_weight;
    Planes<const double, 1> roots;
    Planes<double, 3> sums;
    Planes<double, 2> spectrum, partial;
    View<Real, 2> kernel;
};

/// Shapes as above; `along` is room for the gradients of the sums, `shares` for those of dt a, B
/// and P of each mode and column (2 + R, N, channels H).
template <class Real>
struct LowRankKernelBackwardArgs {
    TransformStages stages;
    View<const Real, 1> log_step;
    View<const Real, 2> log_decay, frequency;
    Planes<const Real, 2> input_weight, correction;
    Planes<const Real, 3> output_weight;
    Planes<const double, 1> roots;
    Planes<const double, 3> sums;
    Planes<const double, 2> spectrum;
    View<const Real, 2> kernel_gradient;
    Planes<double, 2> partial;
    Planes<double, 3> along, shares;
    View<Real, 1> log_step_gradient;
    View<Real, 2> log_decay_gradient, frequency_gradient;
    Planes<Real, 2> input_weight_gradient, correction_gradient;
    Planes<Real, 3> output_weight_gradient;
};

template <class Backend, class Real>
void run_low_rank_kernel(Stream& stream, const LowRankKernelArgs<Real>& args);
template <class Backend, class Real>
void run_low_rank_kernel_backward(Stream& stream, const LowRankKernelBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<LowRankKernelArgs<Real>> low_rank_kernel_kernel{
    "low_rank_kernel", &run_low_rank_kernel<Cpu, Real>,
    ELM_IF_CUDA((&run_low_rank_kernel<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<LowRankKernelBackwardArgs<Real>> low_rank_kernel_backward_kernel{
    "low_rank_kernel_backward", &run_low_rank_kernel_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_low_rank_kernel_backward<Cuda, Real>))};

struct LowRankParameters {
    Var log_step, log_decay, frequency;
    ComplexVar input_weight, correction, output_weight;
};

/// (length, channels H), for an output weight that was made for `length` steps, at least 1. The
/// rank follows from the rows of the correction. Throws Error{invalid} naming the argument that
/// does not fit.
Var low_rank_kernel(Context& context, const LowRankParameters& in, std::int64_t length);

}  // namespace elm

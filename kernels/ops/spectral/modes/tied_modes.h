#pragma once

#include "kernels/ops/spectral/modes/modes.h"

/// Diagonal state spaces of H features that share N modes, each with steps of its own, as exponents
/// and weights of a kernel Re sum over n of C gain e^(x s) (modes are not pairs: the real part, not
/// twice of it):
///
///   x = dt Re(a) + i dt' Im(a)        dt, dt' = exp(log_step)
///   zero_order_hold   gain = (e^x - 1) / a
///   softmax           gain = 1 / (a sum over r < length of e^(x r))
///   none              gain = 1
///
/// The sum is (e^(x length) - 1) / (e^x - 1), or, of a mode that grows, e^(x (length - 1)) times
/// that of -x; a reciprocal 1/z stands as conj(z) / (|z|^2 + 1e-7) in the softmax form and as
/// conj(z) / max(|z|^2, 1e-7) else. Source: Gupta, Gu & Berant 2022, arXiv 2203.14343, proposition
/// 1 and section 3, with the reciprocals of the authors' code; unlike there, what is divided out of
/// a growing mode has its share in gradients. Computed in float64.
namespace elm {

enum class TiedGain : std::uint8_t { zero_order_hold, softmax, none };

/// Shapes: log_step (2, H), of real and of imaginary parts; rate, a (N); output_weight, C
/// (channels, H, N); exponent, weight (N, channels H), as mode_kernel takes them: half of C gain.
template <class Real>
struct TiedModesArgs {
    TiedGain form;
    std::int64_t length;
    View<const Real, 2> log_step;
    Planes<const Real, 1> rate;
    Planes<const Real, 3> output_weight;
    Planes<double, 2> exponent, weight;
};

template <class Real>
struct TiedModesBackwardArgs {
    TiedGain form;
    std::int64_t length;
    View<const Real, 2> log_step;
    Planes<const Real, 1> rate;
    Planes<const Real, 3> output_weight;
    Planes<const double, 2> exponent_gradient, weight_gradient;
    View<Real, 2> log_step_gradient;
    Planes<Real, 1> rate_gradient;
    Planes<Real, 3> output_weight_gradient;
};

template <class Backend, class Real>
void run_tied_modes(Stream& stream, const TiedModesArgs<Real>& args);
template <class Backend, class Real>
void run_tied_modes_backward(Stream& stream, const TiedModesBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<TiedModesArgs<Real>> tied_modes_kernel{
    "tied_modes", &run_tied_modes<Cpu, Real>, ELM_IF_CUDA((&run_tied_modes<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<TiedModesBackwardArgs<Real>> tied_modes_backward_kernel{
    "tied_modes_backward", &run_tied_modes_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_tied_modes_backward<Cuda, Real>))};

struct TiedModeParameters {
    Var log_step;
    ComplexVar rate, output_weight;
};

/// `length`, of the softmax form, is at least 1. Throws Error{invalid} naming the argument that
/// does not fit.
Modes tied_modes(Context& context, TiedGain form, std::int64_t length,
                 const TiedModeParameters& in);

}  // namespace elm

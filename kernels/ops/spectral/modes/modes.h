#pragma once

#include "kernels/core/kernel.h"
#include "kernels/ops/basic/complex_planes.h"
#include "kernels/ops/spectral/modes/discretisation.h"

/// A diagonal state space for each of H features, N conjugate pairs of modes each, as exponents x
/// and weights w of its response y[t] = 2 Re sum over n of w e^(x s) u[t-s]:
///
///   a = -exp(log_decay) + i frequency    dt = exp(log_step)    x, gain: discretise_body.h
///   w = C B gain
///
/// where a mode of dt |Im(a)| >= pi times a band limit has the gain 0, so that a model sees nothing
/// new in faster steps. Source: Gu et al. 2022, "On the parameterization and initialization of
/// diagonal state space models" (S4D), arXiv 2206.11893. Computed in float64, whatever the
/// parameters' type, for Im(x) s may be thousands of turns.
namespace elm {

struct Context;

/// Shapes: log_step (H, 1), or (H, N) with steps for each mode; log_decay, frequency, input_weight,
/// B (S, N), feature h has those of row h % S; output_weight, C (channels, H, N); exponent, weight
/// (N, channels H). No band limit: 0.
template <class Real>
struct ModesArgs {
    Discretisation rule;
    double band_limit;
    View<const Real, 2> log_step;
    View<const Real, 2> log_decay, frequency;
    Planes<const Real, 2> input_weight;
    Planes<const Real, 3> output_weight;
    Planes<double, 2> exponent, weight;
};

template <class Real>
struct ModesBackwardArgs {
    Discretisation rule;
    double band_limit;
    View<const Real, 2> log_step;
    View<const Real, 2> log_decay, frequency;
    Planes<const Real, 2> input_weight;
    Planes<const Real, 3> output_weight;
    Planes<const double, 2> exponent_gradient, weight_gradient;
    View<Real, 2> log_step_gradient;
    View<Real, 2> log_decay_gradient, frequency_gradient;
    Planes<Real, 2> input_weight_gradient;
    Planes<Real, 3> output_weight_gradient;
};

template <class Backend, class Real>
void run_modes(Stream& stream, const ModesArgs<Real>& args);
template <class Backend, class Real>
void run_modes_backward(Stream& stream, const ModesBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<ModesArgs<Real>> modes_kernel{"modes", &run_modes<Cpu, Real>,
                                                      ELM_IF_CUDA((&run_modes<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<ModesBackwardArgs<Real>> modes_backward_kernel{
    "modes_backward", &run_modes_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_modes_backward<Cuda, Real>))};

/// What the modes follow from; shapes as in ModesArgs, steps of all modes of a feature also (H).
struct ModeParameters {
    Var log_step, log_decay, frequency;
    ComplexVar input_weight, output_weight;
};

/// Exponents and weights, (modes, features) in float64.
struct Modes {
    ComplexVar exponent, weight;
};

/// Throws Error{invalid} naming the argument whose shape does not fit.
Modes discretised_modes(Context& context, Discretisation rule, const ModeParameters& in,
                        double band_limit = 0);

}  // namespace elm

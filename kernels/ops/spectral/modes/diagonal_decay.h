#pragma once

#include "kernels/ops/spectral/modes/modes.h"

/// Decays of a diagonal recurrence, one state each, from the numbers that training changes,
/// computed in float64:
///
///   polar             decay = exp(-exp(a) + i exp(b))
///                     LRU: Orvieto et al. 2023, arXiv 2303.06349, section 3.3
///   zero_order_hold,  decay and gain of x' = (a + i b) x + u over steps of exp(log_step):
///   bilinear          discretise_body.h; S5: Smith et al. 2023, arXiv 2208.04933
namespace elm {

enum class DecayForm : std::uint8_t { polar, zero_order_hold, bilinear };

/// Shapes: all (states); log_step and gain have no data in the polar form.
template <class Real>
struct DiagonalDecayArgs {
    DecayForm form;
    View<const Real, 1> a, b, log_step;
    Planes<Real, 1> decay, gain;
};
template <class Real>
struct DiagonalDecayBackwardArgs {
    DecayForm form;
    View<const Real, 1> a, b, log_step;
    Planes<const Real, 1> decay_gradient, gain_gradient;
    View<Real, 1> a_gradient, b_gradient, log_step_gradient;
};

template <class Backend, class Real>
void run_diagonal_decay(Stream& stream, const DiagonalDecayArgs<Real>& args);
template <class Backend, class Real>
void run_diagonal_decay_backward(Stream& stream, const DiagonalDecayBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<DiagonalDecayArgs<Real>> diagonal_decay_kernel{
    "diagonal_decay", &run_diagonal_decay<Cpu, Real>,
    ELM_IF_CUDA((&run_diagonal_decay<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<DiagonalDecayBackwardArgs<Real>> diagonal_decay_backward_kernel{
    "diagonal_decay_backward", &run_diagonal_decay_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_diagonal_decay_backward<Cuda, Real>))};

struct DiagonalDecay {
    ComplexVar decay, gain;
};

/// The polar form. Shapes (states). Throws Error{invalid} naming the argument whose shape does not
/// fit.
ComplexVar polar_decay(Context& context, const Var& log_size, const Var& log_phase);

/// The others, of a + i b.
DiagonalDecay discretised_decay(Context& context, Discretisation rule, const ComplexVar& rate,
                                const Var& log_step);

}  // namespace elm

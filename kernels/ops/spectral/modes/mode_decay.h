#pragma once

#include "kernels/ops/spectral/modes/modes.h"

namespace elm {

/// decay = e^exponent and a copy of the weights, of another real type: modes as a recurrence takes
/// them. Shapes: all (modes, features).
template <class Real>
struct ModeDecayArgs {
    Planes<const double, 2> exponent, weight;
    Planes<Real, 2> decay, weight_copy;
};
template <class Real>
struct ModeDecayBackwardArgs {
    Planes<const double, 2> exponent;
    Planes<const Real, 2> decay_gradient, weight_copy_gradient;
    Planes<double, 2> exponent_gradient, weight_gradient;
};

template <class Backend, class Real>
void run_mode_decay(Stream& stream, const ModeDecayArgs<Real>& args);
template <class Backend, class Real>
void run_mode_decay_backward(Stream& stream, const ModeDecayBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<ModeDecayArgs<Real>> mode_decay_kernel{
    "mode_decay", &run_mode_decay<Cpu, Real>, ELM_IF_CUDA((&run_mode_decay<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<ModeDecayBackwardArgs<Real>> mode_decay_backward_kernel{
    "mode_decay_backward", &run_mode_decay_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_mode_decay_backward<Cuda, Real>))};

struct DecayingModes {
    ComplexVar decay, weight;
};

/// The modes as mode_scan takes them, in `dtype`.
DecayingModes decaying_modes(Context& context, const Modes& modes, DType dtype);

}  // namespace elm

#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/view.h"

namespace elm {

struct Context;
struct Var;

/// Leaky integration over time: memory[t] = decay * memory[t-1] + input[t], memory[-1] = initial.
/// Shapes: input, memory (batch, time, units); decay (units); initial (batch, units).
template <class Real>
struct LeakyScanArgs {
    View<const Real, 3> input;
    View<const Real, 1> decay;
    View<const Real, 2> initial;
    View<Real, 3> memory;
};

/// Its gradient, backwards in time. The gradient of the decay comes per sample; their sum over the
/// batch is that of the decay. Shapes as above; decay_gradient (batch, units).
template <class Real>
struct LeakyScanBackwardArgs {
    View<const Real, 3> memory;
    View<const Real, 1> decay;
    View<const Real, 2> initial;
    View<const Real, 3> memory_gradient;
    View<Real, 3> input_gradient;
    View<Real, 2> decay_gradient;
    View<Real, 2> initial_gradient;
};

template <class Backend, class Real>
void run_leaky_scan(Stream& stream, const LeakyScanArgs<Real>& args);
template <class Backend, class Real>
void run_leaky_scan_backward(Stream& stream, const LeakyScanBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<LeakyScanArgs<Real>> leaky_scan_kernel{
    "leaky_scan", &run_leaky_scan<Cpu, Real>, ELM_IF_CUDA((&run_leaky_scan<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<LeakyScanBackwardArgs<Real>> leaky_scan_backward_kernel{
    "leaky_scan_backward", &run_leaky_scan_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_leaky_scan_backward<Cuda, Real>))};

/// Differentiable form; keeps the memory trace, not the input. Throws Error{invalid} naming the
/// argument whose shape does not fit.
Var leaky_scan(Context& context, const Var& input, const Var& decay, const Var& initial);

}  // namespace elm

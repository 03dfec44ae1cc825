#pragma once

#include "kernels/autograd/variable.h"
#include "kernels/core/kernel.h"
#include "kernels/core/view.h"

/// Memories of polynomials (HiPPO): each unit keeps N coefficients of its input so far, by a linear
/// recurrence that training leaves as it is, in one of two forms, s = first_step + t being the
/// number of the step:
///
///   tabled     m[t] = M_k m[t-1] + v_k u[t], matrices and vectors from a table of K entries, k =
///              min(s, K) - 1, or 0 of a table of one
///   Legendre   (1 - alpha A / k) m[t] = (1 + (1 - alpha) A / k) m[t-1] + B u[t] / k, with A and B
///   of
///              the measure LegS, k = min(s, longest), in O(N): A is a running sum
///
///   A[n][k] = -b_n b_k below the diagonal, -(n + 1) on it, 0 above;  B_n = b_n = sqrt(2 n + 1)
///
/// m[-1] = initial. Where a memory `grows` with the past (Legendre, and tables of more than one
/// entry) step 0 makes it (u, 0, 0, ...) whatever was there. alpha 0 is Euler's rule, 1/2 the
/// bilinear rule, 1 the implicit one. Source: Gu et al. 2020, "HiPPO", arXiv 2008.07669.
namespace elm {

struct Context;

/// Shapes: input (batch, time, units); initial (batch, units, states); matrices (entries, states,
/// states) and vectors (entries, states), without data for the Legendre form; memory (batch, time,
/// units, states).
template <class Real>
struct MemoryScanArgs {
    View<const Real, 3> input;
    View<const Real, 3> initial;
    View<const Real, 3> matrices;
    View<const Real, 2> vectors;
    double alpha;
    std::int64_t longest;
    std::int64_t first_step;
    View<Real, 4> memory;
};

/// Backwards in time; the recurrence is linear, so no trace is read. `room` (batch, units, states).
template <class Real>
struct MemoryScanBackwardArgs {
    View<const Real, 3> matrices;
    View<const Real, 2> vectors;
    double alpha;
    std::int64_t longest;
    std::int64_t first_step;
    View<const Real, 4> memory_gradient;
    View<Real, 3> room;
    View<Real, 3> input_gradient;
    View<Real, 3> initial_gradient;
};

template <class Backend, class Real>
void run_memory_scan(Stream& stream, const MemoryScanArgs<Real>& args);
template <class Backend, class Real>
void run_memory_scan_backward(Stream& stream, const MemoryScanBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<MemoryScanArgs<Real>> memory_scan_kernel{
    "memory_scan", &run_memory_scan<Cpu, Real>, ELM_IF_CUDA((&run_memory_scan<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<MemoryScanBackwardArgs<Real>> memory_scan_backward_kernel{
    "memory_scan_backward", &run_memory_scan_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_memory_scan_backward<Cuda, Real>))};

/// How a memory goes on. With tensors the tabled form, else the Legendre form.
struct MemoryRule {
    Tensor matrices = {}, vectors = {};
    double alpha = 0.5;
    std::int64_t longest = 1;
};

/// input (batch, time, units), initial (batch, units, states) → (batch, time, units, states), from
/// step `first_step` of the sequence. Differentiable in input and initial. Throws Error{invalid}
/// naming the argument whose shape does not fit.
Var memory_scan(Context& context, const Var& input, const Var& initial, const MemoryRule& rule,
                std::int64_t first_step = 0);

}  // namespace elm

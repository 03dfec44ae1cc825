#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/view.h"

namespace elm {

struct Context;
struct Var;

/// quotients[row][k] = rows[row][k] / (rows[row][columns] + epsilon), k < columns; with an epsilon
/// below 0 the divisor is the larger one of the last element and -epsilon.
/// Shapes: rows (rows, columns + 1), quotients (rows, columns).
template <class Real>
struct DivideByLastArgs {
    View<const Real, 2> rows;
    Real epsilon;
    View<Real, 2> quotients;
};

/// With d the divisor: row_gradient[k] = g[k] / d, and - sum of g[k] quotients[k] / d for the last,
/// or 0 where it is not the divisor.
template <class Real>
struct DivideByLastBackwardArgs {
    View<const Real, 2> rows;
    View<const Real, 2> quotients;
    View<const Real, 2> quotient_gradient;
    Real epsilon;
    View<Real, 2> row_gradient;
};

template <class Backend, class Real>
void run_divide_by_last(Stream& stream, const DivideByLastArgs<Real>& args);
template <class Backend, class Real>
void run_divide_by_last_backward(Stream& stream, const DivideByLastBackwardArgs<Real>& args);

template <class Real>
inline constexpr Kernel<DivideByLastArgs<Real>> divide_by_last_kernel{
    "divide_by_last", &run_divide_by_last<Cpu, Real>,
    ELM_IF_CUDA((&run_divide_by_last<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<DivideByLastBackwardArgs<Real>> divide_by_last_backward_kernel{
    "divide_by_last_backward", &run_divide_by_last_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_divide_by_last_backward<Cuda, Real>))};

/// Differentiable form over the last axis: (..., columns + 1) → (..., columns). Throws
/// Error{invalid} for less than two columns.
Var divide_by_last(Context& context, const Var& rows, double epsilon);

}  // namespace elm

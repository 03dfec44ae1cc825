#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/view.h"

namespace elm {

struct Context;
struct Var;

/// largest[group][column] = max over rows of values[group][row][column], and the row of the first
/// one. Shapes: values (groups, rows, columns), at least one row; largest, where (groups, columns).
/// A NaN wins over all numbers.
template <class Real>
struct MaximumArgs {
    View<const Real, 3> values;
    View<Real, 2> largest;
    View<std::int32_t, 2> where;
};

/// value_gradient[group][row][column] = largest_gradient[group][column] in the row `where`, else 0.
template <class Real>
struct MaximumBackwardArgs {
    View<const std::int32_t, 2> where;
    View<const Real, 2> largest_gradient;
    View<Real, 3> value_gradient;
};

/// result[group][row][column] = factor * values[group][column] for all rows.
template <class Real>
struct RepeatArgs {
    View<const Real, 2> values;
    Real factor;
    View<Real, 3> result;
};

template <class Backend, class Real>
void run_maximum(Stream& stream, const MaximumArgs<Real>& args);
template <class Backend, class Real>
void run_maximum_backward(Stream& stream, const MaximumBackwardArgs<Real>& args);
template <class Backend, class Real>
void run_repeat(Stream& stream, const RepeatArgs<Real>& args);

template <class Real>
inline constexpr Kernel<MaximumArgs<Real>> maximum_kernel{"maximum", &run_maximum<Cpu, Real>,
                                                          ELM_IF_CUDA((&run_maximum<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<MaximumBackwardArgs<Real>> maximum_backward_kernel{
    "maximum_backward", &run_maximum_backward<Cpu, Real>,
    ELM_IF_CUDA((&run_maximum_backward<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<RepeatArgs<Real>> repeat_kernel{"repeat", &run_repeat<Cpu, Real>,
                                                        ELM_IF_CUDA((&run_repeat<Cuda, Real>))};

/// Over one axis, which the result does not have; a negative axis counts from the last one (-1).
/// Sums run in a fixed order. The gradient of a maximum goes to the first of equal elements.
/// Throws Error{invalid} for an axis that is not there, and for a mean or maximum of nothing.
Var sum(Context& context, const Var& input, int axis);
Var mean(Context& context, const Var& input, int axis);
Var maximum(Context& context, const Var& input, int axis);

/// Over all elements: the result has shape ().
Var sum(Context& context, const Var& input);
Var mean(Context& context, const Var& input);
Var maximum(Context& context, const Var& input);

/// The opposite of a sum: the same elements `count` times along a new axis, which the result has at
/// `axis`. Throws Error{invalid} for an axis that the result cannot have.
Var repeat(Context& context, const Var& input, int axis, std::int64_t count);

}  // namespace elm

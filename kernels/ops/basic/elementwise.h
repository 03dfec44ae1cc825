#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/view.h"

namespace elm {

struct Context;
struct Var;

enum class ElementwiseFunction : std::uint8_t { add, subtract, multiply };

/// result[row][column] = function(left[row][column], right[row][column]).
/// Shapes: left, result (rows, columns); right the same or (1, columns), one row for all.
template <class Real>
struct ElementwiseArgs {
    ElementwiseFunction function;
    View<const Real, 2> left;
    View<const Real, 2> right;
    View<Real, 2> result;
};

/// result[i] = factor * input[i] + offset.
template <class Real>
struct ScaleArgs {
    View<const Real, 1> input;
    Real factor;
    Real offset;
    View<Real, 1> result;
};

template <class Backend, class Real>
void run_elementwise(Stream& stream, const ElementwiseArgs<Real>& args);
template <class Backend, class Real>
void run_scale(Stream& stream, const ScaleArgs<Real>& args);

template <class Real>
inline constexpr Kernel<ElementwiseArgs<Real>> elementwise_kernel{
    "elementwise", &run_elementwise<Cpu, Real>, ELM_IF_CUDA((&run_elementwise<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<ScaleArgs<Real>> scale_kernel{"scale", &run_scale<Cpu, Real>,
                                                      ELM_IF_CUDA((&run_scale<Cuda, Real>))};

/// Element by element. The shape of `right` is that of `left` or its last axes, and then serves for
/// all of the axes before: a row vector, for example. Throws Error{invalid} for other shapes.
Var add(Context& context, const Var& left, const Var& right);
Var subtract(Context& context, const Var& left, const Var& right);
Var multiply(Context& context, const Var& left, const Var& right);

/// factor * input + offset, element by element.
Var scale(Context& context, const Var& input, double factor, double offset = 0);

}  // namespace elm

#pragma once

#include <span>
#include <vector>

#include "kernels/core/kernel.h"
#include "kernels/core/shape.h"
#include "kernels/core/view.h"

namespace elm {

struct Context;
struct Var;

/// destination[row][destination_first + k] = source[row][source_first + k] for 0 <= k < columns.
/// Shapes: source (rows, source columns), destination (rows, destination columns).
template <class Real>
struct CopyColumnsArgs {
    View<const Real, 2> source;
    std::int64_t source_first;
    View<Real, 2> destination;
    std::int64_t destination_first;
    std::int64_t columns;
};

/// result[a][k][b][i][c] = input[a][i][b][k][c].
template <class Real>
struct TransposeArgs {
    View<const Real, 5> input;
    View<Real, 5> result;
};

template <class Backend, class Real>
void run_copy_columns(Stream& stream, const CopyColumnsArgs<Real>& args);
template <class Backend, class Real>
void run_transpose(Stream& stream, const TransposeArgs<Real>& args);

template <class Real>
inline constexpr Kernel<CopyColumnsArgs<Real>> copy_columns_kernel{
    "copy_columns", &run_copy_columns<Cpu, Real>, ELM_IF_CUDA((&run_copy_columns<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<TransposeArgs<Real>> transpose_kernel{
    "transpose", &run_transpose<Cpu, Real>, ELM_IF_CUDA((&run_transpose<Cuda, Real>))};

// Differentiable forms, for tensors of any rank; a negative axis counts from the last one (-1).
// They throw Error{invalid} for axes that are not there and ranges that do not fit.

/// The same elements in another shape.
Var reshape(Context& context, const Var& input, const Shape& shape);

/// Swaps two axes.
Var transpose(Context& context, const Var& input, int first_axis, int second_axis);

/// Indices begin <= i < end of one axis.
Var slice(Context& context, const Var& input, int axis, std::int64_t begin, std::int64_t end);

/// All slices of one index, in their order. Their gradients are put together once, where a loop of
/// slice() would fill a tensor of zeros for each.
std::vector<Var> split(Context& context, const Var& input, int axis);

/// Zeros before and after, along one axis.
Var pad(Context& context, const Var& input, int axis, std::int64_t before, std::int64_t after);

/// One after the other along one axis; all other extents are equal. At least one input.
Var concatenate(Context& context, std::span<const Var> inputs, int axis);

}  // namespace elm

#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/view.h"

/// Sums in a fixed order, of which gradients are made. The same bits for any number of threads.
namespace elm {

class Tensor;

/// sum[i] += addend[i].
template <class Real>
struct AddIntoArgs {
    View<const Real, 1> addend;
    View<Real, 1> sum;
};

/// sums[group][lane] = values[group][lane] + values[group][lane + lanes] + ..., added in this
/// order. Shapes: values (groups, elements); sums (groups, lanes). With as many lanes as columns,
/// these are the sums over the rows of a matrix; with n times as many, n partial sums of each
/// column.
template <class Real>
struct FoldSumArgs {
    View<const Real, 2> values;
    View<Real, 2> sums;
};

template <class Backend, class Real>
void run_add_into(Stream& stream, const AddIntoArgs<Real>& args);
template <class Backend, class Real>
void run_fold_sum(Stream& stream, const FoldSumArgs<Real>& args);

template <class Real>
inline constexpr Kernel<AddIntoArgs<Real>> add_into_kernel{
    "add_into", &run_add_into<Cpu, Real>, ELM_IF_CUDA((&run_add_into<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<FoldSumArgs<Real>> fold_sum_kernel{
    "fold_sum", &run_fold_sum<Cpu, Real>, ELM_IF_CUDA((&run_fold_sum<Cuda, Real>))};

/// Adds `addend` to `sum` in place; both of one real type and as many elements.
void add_into(Stream& stream, const Tensor& sum, const Tensor& addend);

/// (groups, rows, columns) → (groups, columns), by partial sums whose number follows from the
/// number of rows alone.
Tensor sum_middle(Stream& stream, const Tensor& values);

/// (rows, columns) → (columns), in the same way.
Tensor sum_rows(Stream& stream, const Tensor& rows);

}  // namespace elm

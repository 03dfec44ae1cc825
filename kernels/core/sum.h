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

/// sums[column] = rows[0][column] + rows[1][column] + ..., added in this order.
template <class Real>
struct SumRowsArgs {
    View<const Real, 2> rows;
    View<Real, 1> sums;
};

template <class Backend, class Real>
void run_add_into(Stream& stream, const AddIntoArgs<Real>& args);
template <class Backend, class Real>
void run_sum_rows(Stream& stream, const SumRowsArgs<Real>& args);

template <class Real>
inline constexpr Kernel<AddIntoArgs<Real>> add_into_kernel{
    "add_into", &run_add_into<Cpu, Real>, ELM_IF_CUDA((&run_add_into<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<SumRowsArgs<Real>> sum_rows_kernel{
    "sum_rows", &run_sum_rows<Cpu, Real>, ELM_IF_CUDA((&run_sum_rows<Cuda, Real>))};

/// Adds `addend` to `sum` in place; both of one real type and as many elements.
void add_into(Stream& stream, const Tensor& sum, const Tensor& addend);

/// (rows, columns) → (columns).
Tensor sum_rows(Stream& stream, const Tensor& rows);

}  // namespace elm

#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/tensor.h"

namespace elm {

struct Context;
struct Var;

/// result[i] = table[indices[i]], row by row; NaN for an index that is no row.
/// Shapes: table (entries, columns), indices (rows), result (rows, columns).
template <class Real>
struct GatherRowsArgs {
    View<const Real, 2> table;
    View<const std::int32_t, 1> indices;
    View<Real, 2> result;
};

/// table[entry] = sum of gradient[position] over the positions of each entry, in the order in which
/// they are listed; other entries stay as they are, and entries that are no row are left out.
/// Shapes: entries (rising), positions (rows); gradient (rows, columns); table (entries, columns).
template <class Real>
struct SumRowsByEntryArgs {
    View<const std::int32_t, 1> entries;
    View<const std::int32_t, 1> positions;
    View<const Real, 2> gradient;
    View<Real, 2> table;
};

/// entries = indices, positions = 0, 1, 2, ...; all (rows).
struct ListEntriesArgs {
    View<const std::int32_t, 1> indices;
    View<std::int32_t, 1> entries;
    View<std::int32_t, 1> positions;
};

template <class Backend, class Real>
void run_gather_rows(Stream& stream, const GatherRowsArgs<Real>& args);
template <class Backend, class Real>
void run_sum_rows_by_entry(Stream& stream, const SumRowsByEntryArgs<Real>& args);
template <class Backend>
void run_list_entries(Stream& stream, const ListEntriesArgs& args);

template <class Real>
inline constexpr Kernel<GatherRowsArgs<Real>> gather_rows_kernel{
    "gather_rows", &run_gather_rows<Cpu, Real>, ELM_IF_CUDA((&run_gather_rows<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<SumRowsByEntryArgs<Real>> sum_rows_by_entry_kernel{
    "sum_rows_by_entry", &run_sum_rows_by_entry<Cpu, Real>,
    ELM_IF_CUDA((&run_sum_rows_by_entry<Cuda, Real>))};
inline constexpr Kernel<ListEntriesArgs> list_entries_kernel{"list_entries", &run_list_entries<Cpu>,
                                                             ELM_IF_CUDA(&run_list_entries<Cuda>)};

/// Rows of a table by their indices (i32): an embedding, or any gathering of rows. Gradients of a
/// row that was taken several times are added in the order of the indices.
/// Shapes: table (entries, columns), indices (...) of up to three axes, result (..., columns).
/// Throws Error{invalid} for other ranks. An index outside [0, entries) gives a row of NaN: a
/// device cannot throw.
Var embedding(Context& context, const Var& table, const Tensor& indices);

}  // namespace elm

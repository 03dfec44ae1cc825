#pragma once

#include <cmath>

#include "kernels/ops/basic/embedding.h"

namespace elm {

template <class Real>
struct GatherOneElement {
    GatherRowsArgs<Real> args;

    ELM_HD void operator()(std::int64_t row, std::int64_t column) const {
        const std::int64_t entry = args.indices(row);
        const bool known = entry >= 0 && entry < args.table.extent[0];
        args.result(row, column) = known ? args.table(entry, column) : Real(NAN);
    }
};

/// Called for every listed position; the first one of its entry sums the column.
template <class Real>
struct SumOneColumnOfEntry {
    SumRowsByEntryArgs<Real> args;

    ELM_HD void operator()(std::int64_t first, std::int64_t column) const {
        const std::int32_t entry = args.entries(first);
        const bool starts = first == 0 || args.entries(first - 1) != entry;
        if (!starts || entry < 0 || entry >= args.table.extent[0]) return;
        Real sum = 0;
        for (std::int64_t at = first; at < args.entries.extent[0] && args.entries(at) == entry;
             ++at) {
            sum += args.gradient(args.positions(at), column);
        }
        args.table(entry, column) = sum;
    }
};

struct ListOneEntry {
    ListEntriesArgs args;

    ELM_HD void operator()(std::int64_t row) const {
        args.entries(row) = args.indices(row);
        args.positions(row) = static_cast<std::int32_t>(row);
    }
};

template <class Backend, class Real>
void run_gather_rows(Stream& stream, const GatherRowsArgs<Real>& args) {
    Backend::for_each_element(stream, args.result.extent[0], args.result.extent[1],
                              GatherOneElement<Real>{args});
}

template <class Backend, class Real>
void run_sum_rows_by_entry(Stream& stream, const SumRowsByEntryArgs<Real>& args) {
    Backend::for_each_element(stream, args.gradient.extent[0], args.gradient.extent[1],
                              SumOneColumnOfEntry<Real>{args});
}

template <class Backend>
void run_list_entries(Stream& stream, const ListEntriesArgs& args) {
    Backend::for_each_index(stream, args.indices.extent[0], ListOneEntry{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_gather_rows, GatherRowsArgs);
ELM_DECLARE_CUDA_INSTANCES(run_sum_rows_by_entry, SumRowsByEntryArgs);
// This slot is no template: every file that sees it takes both addresses.
extern template void run_list_entries<Cpu>(Stream&, const ListEntriesArgs&);
extern template void run_list_entries<Cuda>(Stream&, const ListEntriesArgs&);

}  // namespace elm

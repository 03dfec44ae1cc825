#pragma once

#include "kernels/core/sum.h"

namespace elm {

template <class Real>
struct AddOneElement {
    AddIntoArgs<Real> args;
    ELM_HD void operator()(std::int64_t index) const { args.sum(index) += args.addend(index); }
};

template <class Real>
struct SumOneColumn {
    SumRowsArgs<Real> args;
    ELM_HD void operator()(std::int64_t column) const {
        Real sum = 0;
        for (std::int64_t row = 0; row < args.rows.extent[0]; ++row) sum += args.rows(row, column);
        args.sums(column) = sum;
    }
};

template <class Backend, class Real>
void run_add_into(Stream& stream, const AddIntoArgs<Real>& args) {
    Backend::for_each_index(stream, args.sum.extent[0], AddOneElement<Real>{args});
}

template <class Backend, class Real>
void run_sum_rows(Stream& stream, const SumRowsArgs<Real>& args) {
    Backend::for_each_index(stream, args.sums.extent[0], SumOneColumn<Real>{args});
}

// Slots take the address of both backends; each is instantiated in its own file.
extern template void run_add_into<Cpu>(Stream&, const AddIntoArgs<float>&);
extern template void run_add_into<Cpu>(Stream&, const AddIntoArgs<double>&);
extern template void run_add_into<Cuda>(Stream&, const AddIntoArgs<float>&);
extern template void run_add_into<Cuda>(Stream&, const AddIntoArgs<double>&);
extern template void run_sum_rows<Cpu>(Stream&, const SumRowsArgs<float>&);
extern template void run_sum_rows<Cpu>(Stream&, const SumRowsArgs<double>&);
extern template void run_sum_rows<Cuda>(Stream&, const SumRowsArgs<float>&);
extern template void run_sum_rows<Cuda>(Stream&, const SumRowsArgs<double>&);

}  // namespace elm

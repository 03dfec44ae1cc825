#pragma once

#include "kernels/core/algorithms/sum.h"

namespace elm {

template <class Real>
struct AddOneElement {
    AddIntoArgs<Real> args;
    ELM_HD void operator()(std::int64_t index) const { args.sum(index) += args.addend(index); }
};

template <class Real>
struct FoldOneLane {
    FoldSumArgs<Real> args;
    ELM_HD void operator()(std::int64_t group, std::int64_t lane) const {
        const std::int64_t elements = args.values.extent[1], lanes = args.sums.extent[1];
        Real sum = 0;
        for (std::int64_t at = lane; at < elements; at += lanes) sum += args.values(group, at);
        args.sums(group, lane) = sum;
    }
};

template <class Backend, class Real>
void run_add_into(Stream& stream, const AddIntoArgs<Real>& args) {
    Backend::for_each_index(stream, args.sum.extent[0], AddOneElement<Real>{args});
}

template <class Backend, class Real>
void run_fold_sum(Stream& stream, const FoldSumArgs<Real>& args) {
    Backend::for_each_element(stream, args.sums.extent[0], args.sums.extent[1],
                              FoldOneLane<Real>{args});
}

// Slots take the address of both backends; each is instantiated in its own file.
extern template void run_add_into<Cpu>(Stream&, const AddIntoArgs<float>&);
extern template void run_add_into<Cpu>(Stream&, const AddIntoArgs<double>&);
extern template void run_add_into<Cuda>(Stream&, const AddIntoArgs<float>&);
extern template void run_add_into<Cuda>(Stream&, const AddIntoArgs<double>&);
extern template void run_fold_sum<Cuda>(Stream&, const FoldSumArgs<float>&);
extern template void run_fold_sum<Cuda>(Stream&, const FoldSumArgs<double>&);

}  // namespace elm

#pragma once

#include "kernels/ops/basic/layout.h"

namespace elm {

template <class Real>
struct CopyOneElement {
    CopyColumnsArgs<Real> args;

    ELM_HD void operator()(std::int64_t row, std::int64_t k) const {
        args.destination(row, args.destination_first + k) = args.source(row, args.source_first + k);
    }
};

/// Called with the first three axes of the result in one index, and the last two.
template <class Real>
struct TransposeOneElement {
    TransposeArgs<Real> args;

    ELM_HD void operator()(std::int64_t row, std::int64_t column) const {
        const auto& extent = args.result.extent;
        const std::int64_t b = row % extent[2], ak = row / extent[2];
        const std::int64_t k = ak % extent[1], a = ak / extent[1];
        const std::int64_t i = column / extent[4], c = column % extent[4];
        args.result(a, k, b, i, c) = args.input(a, i, b, k, c);
    }
};

template <class Backend, class Real>
void run_copy_columns(Stream& stream, const CopyColumnsArgs<Real>& args) {
    Backend::for_each_element(stream, args.source.extent[0], args.columns,
                              CopyOneElement<Real>{args});
}

template <class Backend, class Real>
void run_transpose(Stream& stream, const TransposeArgs<Real>& args) {
    const auto& extent = args.result.extent;
    Backend::for_each_element(stream, extent[0] * extent[1] * extent[2], extent[3] * extent[4],
                              TransposeOneElement<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_copy_columns, CopyColumnsArgs);
ELM_DECLARE_CUDA_INSTANCES(run_transpose, TransposeArgs);

}  // namespace elm

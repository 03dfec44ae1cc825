#pragma once

#include "kernels/ops/basic/elementwise.h"

namespace elm {

struct Sum {
    template <class Real>
    ELM_HD static Real apply(Real left, Real right) {
        return left + right;
    }
};
struct Difference {
    template <class Real>
    ELM_HD static Real apply(Real left, Real right) {
        return left - right;
    }
};
struct Multiple {
    template <class Real>
    ELM_HD static Real apply(Real left, Real right) {
        return left * right;
    }
};

template <class Function, class Real>
struct CombineOneElement {
    ElementwiseArgs<Real> args;

    ELM_HD void operator()(std::int64_t row, std::int64_t column) const {
        const std::int64_t right_row = args.right.extent[0] == 1 ? 0 : row;
        args.result(row, column) =
            Function::apply(args.left(row, column), args.right(right_row, column));
    }
};

template <class Real>
struct ScaleOneElement {
    ScaleArgs<Real> args;

    ELM_HD void operator()(std::int64_t, std::int64_t index) const {
        args.result(index) = args.factor * args.input(index) + args.offset;
    }
};

template <class Backend, class Real>
void run_elementwise(Stream& stream, const ElementwiseArgs<Real>& args) {
    const auto run = [&]<class Function>(Function) {
        Backend::for_each_element(stream, args.result.extent[0], args.result.extent[1],
                                  CombineOneElement<Function, Real>{args});
    };
    switch (args.function) {
        case ElementwiseFunction::add:
            return run(Sum{});
        case ElementwiseFunction::subtract:
            return run(Difference{});
        case ElementwiseFunction::multiply:
            return run(Multiple{});
    }
}

template <class Backend, class Real>
void run_scale(Stream& stream, const ScaleArgs<Real>& args) {
    Backend::for_each_element(stream, 1, args.result.extent[0], ScaleOneElement<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_elementwise, ElementwiseArgs);
ELM_DECLARE_CUDA_INSTANCES(run_scale, ScaleArgs);

}  // namespace elm

#pragma once

#include "kernels/ops/attention/divide_by_last.h"

namespace elm {

/// The divisor of a row whose last element is `last`.
template <class Real>
ELM_HD Real divisor(Real last, Real epsilon) {
    if (epsilon >= 0) return last + epsilon;
    return last < -epsilon ? -epsilon : last;
}

template <class Real>
struct DivideOneRow {
    DivideByLastArgs<Real> args;

    template <class Row>
    ELM_HD void operator()(const Row& along, std::int64_t row) const {
        const std::int64_t columns = args.quotients.extent[1];
        const Real inverse = 1 / divisor(args.rows(row, columns), args.epsilon);
        along.for_each(
            columns, [&](std::int64_t k) { args.quotients(row, k) = inverse * args.rows(row, k); });
    }
};

template <class Real>
struct DivideBackwardOneRow {
    DivideByLastBackwardArgs<Real> args;

    template <class Row>
    ELM_HD void operator()(const Row& along, std::int64_t row) const {
        const std::int64_t columns = args.quotients.extent[1];
        const Real last = args.rows(row, columns);
        const Real inverse = 1 / divisor(last, args.epsilon);
        const Real product = along.sum(columns, [&](std::int64_t k) {
            return args.quotient_gradient(row, k) * args.quotients(row, k);
        });
        along.for_each(columns, [&](std::int64_t k) {
            args.row_gradient(row, k) = inverse * args.quotient_gradient(row, k);
        });
        const bool bounded = args.epsilon < 0 && last < -args.epsilon;
        if (along.leads()) args.row_gradient(row, columns) = bounded ? Real(0) : -inverse * product;
    }
};

template <class Backend, class Real>
void run_divide_by_last(Stream& stream, const DivideByLastArgs<Real>& args) {
    Backend::for_each_row(stream, args.rows.extent[0], args.rows.extent[1],
                          DivideOneRow<Real>{args});
}
template <class Backend, class Real>
void run_divide_by_last_backward(Stream& stream, const DivideByLastBackwardArgs<Real>& args) {
    Backend::for_each_row(stream, args.rows.extent[0], args.rows.extent[1],
                          DivideBackwardOneRow<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_divide_by_last, DivideByLastArgs);
ELM_DECLARE_CUDA_INSTANCES(run_divide_by_last_backward, DivideByLastBackwardArgs);

}  // namespace elm

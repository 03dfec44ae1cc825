#pragma once

#include "kernels/ops/basic/reduction.h"

namespace elm {

template <class Real>
struct MaximumOfOneColumn {
    MaximumArgs<Real> args;

    ELM_HD void operator()(std::int64_t group, std::int64_t column) const {
        Real largest = args.values(group, 0, column);
        std::int64_t where = 0;
        for (std::int64_t row = 1; row < args.values.extent[1]; ++row) {
            const Real value = args.values(group, row, column);
            const bool number = largest == largest;
            if (number && !(value <= largest)) {
                largest = value;
                where = row;
            }
        }
        args.largest(group, column) = largest;
        args.where(group, column) = static_cast<std::int32_t>(where);
    }
};

/// Called with the group and the row in one index.
template <class Real>
struct MaximumBackwardOneElement {
    MaximumBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t group_row, std::int64_t column) const {
        const std::int64_t rows = args.value_gradient.extent[1];
        const std::int64_t group = group_row / rows, row = group_row % rows;
        args.value_gradient(group, row, column) =
            args.where(group, column) == row ? args.largest_gradient(group, column) : Real(0);
    }
};

/// Of values without columns, along whose rows neighbours lie.
template <class Real>
struct MaximumBackwardOneValue {
    MaximumBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t group, std::int64_t row) const {
        args.value_gradient(group, row, 0) =
            args.where(group, 0) == row ? args.largest_gradient(group, 0) : Real(0);
    }
};

template <class Real>
struct RepeatOneElement {
    RepeatArgs<Real> args;

    ELM_HD void operator()(std::int64_t group_row, std::int64_t column) const {
        const std::int64_t rows = args.result.extent[1];
        const std::int64_t group = group_row / rows, row = group_row % rows;
        args.result(group, row, column) = args.factor * args.values(group, column);
    }
};

/// Of values without columns, along whose rows neighbours lie.
template <class Real>
struct RepeatOneValue {
    RepeatArgs<Real> args;

    ELM_HD void operator()(std::int64_t group, std::int64_t row) const {
        args.result(group, row, 0) = args.factor * args.values(group, 0);
    }
};

template <class Backend, class Real>
void run_maximum(Stream& stream, const MaximumArgs<Real>& args) {
    Backend::for_each_element(stream, args.largest.extent[0], args.largest.extent[1],
                              MaximumOfOneColumn<Real>{args});
}

template <class Backend, class Real>
void run_maximum_backward(Stream& stream, const MaximumBackwardArgs<Real>& args) {
    const auto& extent = args.value_gradient.extent;
    if (extent[2] == 1) {
        return Backend::for_each_element(stream, extent[0], extent[1],
                                         MaximumBackwardOneValue<Real>{args});
    }
    Backend::for_each_element(stream, extent[0] * extent[1], extent[2],
                              MaximumBackwardOneElement<Real>{args});
}

template <class Backend, class Real>
void run_repeat(Stream& stream, const RepeatArgs<Real>& args) {
    const auto& extent = args.result.extent;
    if (extent[2] == 1) {
        return Backend::for_each_element(stream, extent[0], extent[1], RepeatOneValue<Real>{args});
    }
    Backend::for_each_element(stream, extent[0] * extent[1], extent[2],
                              RepeatOneElement<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_maximum, MaximumArgs);
ELM_DECLARE_CUDA_INSTANCES(run_maximum_backward, MaximumBackwardArgs);
ELM_DECLARE_CUDA_INSTANCES(run_repeat, RepeatArgs);

}  // namespace elm

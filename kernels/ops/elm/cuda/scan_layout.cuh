#pragma once

/// Parameters of an ELM and their gradients on their way between tensors and the layouts of the
/// device kernels: each functor writes one element.

#include "kernels/core/view.h"

namespace elm {

/// to[k][u] = from[u][k] for columns k >= first_column; or the same order, if not transposed.
template <class Real>
struct CopyMatrix {
    View<const Real, 2> from;
    Real* to;
    std::int64_t first_column;
    bool transposed;

    ELM_HD void operator()(std::int64_t row, std::int64_t column) const {
        const std::int64_t columns = from.extent[1] - first_column;
        const Real value = from(row, first_column + column);
        to[transposed ? column * from.extent[0] + row : row * columns + column] = value;
    }
};

/// table[input][branch]: what one unit of an input adds to a branch.
template <class Real>
struct BranchTable {
    View<const std::int32_t, 1> synapse_input;
    View<const Real, 1> weight, sign;
    View<Real, 2> table;
    bool with_sign;

    ELM_HD void operator()(std::int64_t input, std::int64_t branch) const {
        const std::int64_t per_branch = synapse_input.extent[0] / table.extent[1];
        Real sum = 0;
        for (std::int64_t s = branch * per_branch; s < (branch + 1) * per_branch; ++s) {
            if (synapse_input(s) == input) sum += weight(s);
        }
        table(input, branch) = with_sign ? sum * sign(input) : sum;
    }
};

template <class Real>
struct SignedWeights {
    View<const std::int32_t, 1> synapse_input;
    View<const Real, 1> weight, sign;
    View<Real, 1> to;

    ELM_HD void operator()(std::int64_t s) const {
        const std::int32_t input = synapse_input(s);
        to(s) = input < 0 ? Real(0) : weight(s) * sign(input);
    }
};

/// The gradient of a synapse from that of the table.
template <class Real>
struct SynapseGradient {
    View<const std::int32_t, 1> synapse_input;
    View<const Real, 1> sign;
    View<const Real, 2> table_gradient;
    View<Real, 1> to;
    bool with_sign;

    ELM_HD void operator()(std::int64_t s) const {
        const std::int32_t input = synapse_input(s);
        const std::int64_t per_branch = to.extent[0] / table_gradient.extent[1];
        if (input < 0) {
            to(s) = 0;
            return;
        }
        const Real gradient = table_gradient(input, s / per_branch);
        to(s) = with_sign ? gradient * sign(input) : gradient;
    }
};

/// Steps [from_begin, + n) to steps [to_begin, + n) of arrays (batch, time, width).
template <class Real>
struct CopySteps {
    View<const Real, 3> from;
    View<Real, 3> to;
    std::int64_t from_begin, to_begin, n;

    ELM_HD void operator()(std::int64_t row, std::int64_t column) const {
        const std::int64_t sample = row / n, t = row % n;
        to(sample, to_begin + t, column) = from(sample, from_begin + t, column);
    }
};

/// [left, right], each (rows, columns).
template <class Real>
struct JoinColumns {
    View<const Real, 2> left, right;
    View<Real, 2> to;

    ELM_HD void operator()(std::int64_t row, std::int64_t column) const {
        const std::int64_t n = left.extent[1];
        to(row, column) = column < n ? left(row, column) : right(row, column - n);
    }
};

/// The first columns of a matrix.
template <class Real>
struct FirstColumns {
    View<const Real, 2> from;
    View<Real, 2> to;

    ELM_HD void operator()(std::int64_t row, std::int64_t column) const {
        to(row, column) = from(row, column);
    }
};

}  // namespace elm

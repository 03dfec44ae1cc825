#pragma once

#include <cstdint>

#include "kernels/ops/elm/cpu/gradient/gradient_sums.h"
#include "kernels/ops/elm/events.h"

/// The backward pass through the traces of one sample, over a chunk of steps: from dL/db_t (rows,
/// `stride` apart) to what the synapses and the input get.
///
///     p_t = dL/db_t + kappa p_{t+1},  dw += value p_t of each event,  dx = w p_t
namespace elm::gradient {

/// Rows become p_t; `adjoint` holds p of the step after the chunk, then that of its first step.
template <class Real>
void filter_rows_back(std::int64_t n_steps, const Real* decay, std::int64_t width, Real* rows,
                      std::int64_t stride, Real* adjoint) {
    constexpr int N = unit_lanes<Real>;
    for (std::int64_t j = 0; j < width; j += N) {
        const Vec<Real, N> factor = load<Real, N>(decay + j);
        Vec<Real, N> p = load<Real, N>(adjoint + j);
        for (std::int64_t t = n_steps - 1; t >= 0; --t) {
            Real* const row = rows + t * stride + j;
            p = multiply_add<Real, N>(factor, p, load<Real, N>(row));
            store<Real, N>(row, p);
        }
        store<Real, N>(adjoint + j, p);
    }
}

/// Adds p_t to the sums of the units that had events: `V` vectors of N columns, or as many as
/// `width` holds if V is 0, from column first[unit] on; null: from 0 on.
template <class Real, int N, int V>
void add_events(const Events<Real>& list, std::int64_t n_steps, const std::int32_t* first,
                std::int64_t width, const Real* rows, std::int64_t stride, Real* sums) {
    if constexpr (V != 0) width = V * N;
    // By value: what the loop stores could otherwise change them.
    const std::int64_t* const row_begin = list.row_begin;
    const std::int32_t* const units = list.units;
    const Real* const values = list.values;
    for (std::int64_t t = 0; t < n_steps; ++t, rows += stride) {
        const std::int64_t end = row_begin[t + 1];
        for (std::int64_t at = row_begin[t]; at < end; ++at) {
            const std::int64_t unit = units[at];
            const Real* const from = first == nullptr ? rows : rows + first[unit];
            Real* const to = sums + unit * width;
            const Real value = values == nullptr ? Real(1) : values[at];
#pragma GCC unroll 8
            for (std::int64_t j = 0; j < width; j += N) {
                store<Real, N>(to + j, multiply_add<Real, N>(value, load<Real, N>(from + j),
                                                             load<Real, N>(to + j)));
            }
        }
    }
}

/// Traces of branches, or of the rows that stand in their place. `to_input`: (n_steps, n_input),
/// or null.
template <class Real>
void step_rows_back(const Events<Real>& list, std::int64_t n_steps,
                    const ElmGradientWeights<Real>& g, Real* rows, std::int64_t stride,
                    Real* adjoint, Real* sums, Real* to_input) {
    constexpr int N = unit_lanes<Real>;
    const ElmScanWeights<Real>& w = *g.forward;
    const InputSide<Real> input_side = g.input();
    const int width = g.has_branches() ? w.branch_width : event_width(g);
    filter_rows_back(n_steps, input_side.decay, width, rows, stride, adjoint);
    const std::int64_t columns = event_width(g);
    const std::int32_t* const first = g.has_branches() ? g.bands.first.data() : nullptr;
    const auto add = [&]<int lanes, int vectors>() {
        add_events<Real, lanes, vectors>(list, n_steps, first, columns, rows, stride, sums);
    };
    if (columns == 4) {
        add.template operator()<4, 1>();
    } else if (columns == N) {
        add.template operator()<N, 1>();
    } else if (columns == 2 * N) {
        add.template operator()<N, 2>();
    } else if (columns == 3 * N) {
        add.template operator()<N, 3>();
    } else if (columns == 5 * N) {
        add.template operator()<N, 5>();
    } else {
        add.template operator()<N, 0>();
    }
    if (to_input == nullptr) return;
    for (std::int64_t t = 0; t < n_steps; ++t, rows += stride, to_input += w.n_input) {
        for (int input = 0; input < w.n_input; ++input) {
            const Real* const row = input_side.table + std::int64_t{input} * input_side.width;
            Real sum = 0;
            for (int j = 0; j < width; ++j) sum += row[j] * rows[j];
            to_input[input] = w.input_sign[static_cast<std::size_t>(input)] * sum;
        }
    }
}

/// Traces of synapses: each has an adjoint of its own.
template <class Real>
void step_synapses_back(const Events<Real>& list, std::int64_t n_steps,
                        const ElmScanWeights<Real>& w, const Real* rows, std::int64_t stride,
                        Real* adjoint, Real* sums, Real* to_input) {
    const auto n_synapses = static_cast<std::int64_t>(w.synapse_decay.size());
    const SynapseTargets<Real>& targets = w.targets;
    const auto for_targets = [&](std::int64_t input, const auto& body) {
        const auto i = static_cast<std::size_t>(input);
        for (auto k = static_cast<std::size_t>(targets.begin[i]);
             k < static_cast<std::size_t>(targets.begin[i + 1]); ++k) {
            body(targets.synapse[k], targets.weight[k]);
        }
    };
    for (std::int64_t t = n_steps - 1; t >= 0; --t) {
        for (std::int64_t s = 0; s < n_synapses; ++s) {
            adjoint[s] = w.synapse_decay[static_cast<std::size_t>(s)] * adjoint[s] +
                         rows[t * stride + s / w.n_synapse_per_branch];
        }
        for (std::int64_t at = list.row_begin[t]; at < list.row_begin[t + 1]; ++at) {
            const Real value = (list.values == nullptr ? Real(1) : list.values[at]) *
                               w.input_sign[static_cast<std::size_t>(list.units[at])];
            for_targets(list.units[at],
                        [&](std::int32_t s, Real) { sums[s] += value * adjoint[s]; });
        }
        for (std::int64_t input = 0; to_input != nullptr && input < w.n_input; ++input) {
            Real sum = 0;
            for_targets(input, [&](std::int32_t s, Real weight) { sum += weight * adjoint[s]; });
            to_input[t * w.n_input + input] = w.input_sign[static_cast<std::size_t>(input)] * sum;
        }
    }
}

}  // namespace elm::gradient

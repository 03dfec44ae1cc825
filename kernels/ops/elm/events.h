#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/core/simd/lanes.h"
#include "kernels/ops/elm/cpu/scan_weights.h"

/// The input side of the ELM on the CPU: filtered rows, one per step, of one sample.
///
///     row_t = decay * row_{t-1} + sum over the step's events (value * table[unit])
namespace elm::lanes {

/// The events of some steps of one sample: unit and, unless every value is the unit's sign, value.
template <class Real>
struct Events {
    const std::int64_t* row_begin = nullptr;  // (steps + 1), positions in units and values
    const std::int32_t* units = nullptr;
    const Real* values = nullptr;  // value times sign of the unit; null: all are 1
};

/// Finds the non-zero entries of dense rows. Owns the room for one chunk.
template <class Real>
class DenseEvents {
public:
    Events<Real> extract(const Real* rows, std::int64_t n_steps, std::int64_t n_input,
                         std::span<const Real> sign) {
        begin_.assign(1, 0);
        units_.clear();
        values_.clear();
        constexpr int N = native<Real>;
        for (std::int64_t step = 0; step < n_steps; ++step, rows += n_input) {
            std::int64_t from = 0;
            for (; from + N <= n_input; from += N) {
                unsigned mask = nonzero_mask<Real, N>(load<Real, N>(rows + from));
                for (; mask != 0; mask &= mask - 1) {
                    keep(rows, from + std::countr_zero(mask), sign);
                }
            }
            for (; from < n_input; ++from) {
                if (rows[from] != Real(0)) keep(rows, from, sign);
            }
            begin_.push_back(static_cast<std::int64_t>(units_.size()));
        }
        return {begin_.data(), units_.data(), values_.data()};
    }

private:
    void keep(const Real* row, std::int64_t unit, std::span<const Real> sign) {
        units_.push_back(static_cast<std::int32_t>(unit));
        values_.push_back(row[unit] * sign[static_cast<std::size_t>(unit)]);
    }

    std::vector<std::int64_t> begin_;
    std::vector<std::int32_t> units_;
    std::vector<Real> values_;
};

/// V vectors of the rows. `state` holds the row before the first step and is left at the last one.
/// `bias` is added to what is written but not to the state.
template <class Real, int V>
void filter_block(const Events<Real>& events, std::int64_t n_steps, const Real* table,
                  std::int64_t table_width, const Real* decay, const Real* bias, Real* state,
                  Real* rows, std::int64_t row_stride) {
    constexpr int N = native<Real>;
    Vec<Real, N> sum[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) sum[v] = load<Real, N>(state + v * N);
    for (std::int64_t step = 0; step < n_steps; ++step, rows += row_stride) {
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) sum[v] = sum[v] * load<Real, N>(decay + v * N);
        const std::int64_t begin = events.row_begin[step], end = events.row_begin[step + 1];
        if (events.values == nullptr) {
            for (std::int64_t at = begin; at < end; ++at) {
                const Real* row = table + events.units[at] * table_width;
#pragma GCC unroll 8
                for (int v = 0; v < V; ++v) sum[v] = sum[v] + load<Real, N>(row + v * N);
            }
        } else {
            for (std::int64_t at = begin; at < end; ++at) {
                const Real* row = table + events.units[at] * table_width;
                const Real value = events.values[at];
#pragma GCC unroll 8
                for (int v = 0; v < V; ++v)
                    sum[v] = multiply_add<Real, N>(value, load<Real, N>(row + v * N), sum[v]);
            }
        }
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
            store<Real, N>(rows + v * N, sum[v] + load<Real, N>(bias + v * N));
        }
    }
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) store<Real, N>(state + v * N, sum[v]);
}

/// Filtered rows of a chunk, n_steps of `width` values, a multiple of the native lanes,
/// `row_stride` apart.
template <class Real>
void filter_rows(const Events<Real>& events, std::int64_t n_steps, const Real* table,
                 std::int64_t width, const Real* decay, const Real* bias, Real* state, Real* rows,
                 std::int64_t row_stride) {
    constexpr int N = native<Real>, most = registers == 32 ? 8 : 6;
    const auto n_vectors = static_cast<int>(width / N);
    const int n_blocks = (n_vectors + most - 1) / most;
    for (int block = 0, from = 0; block < n_blocks; ++block) {
        const int to = n_vectors * (block + 1) / n_blocks;
        const std::int64_t offset = std::int64_t{from} * N;
        const auto run = [&]<int V>() {
            filter_block<Real, V>(events, n_steps, table + offset, width, decay + offset,
                                  bias + offset, state + offset, rows + offset, row_stride);
        };
        const auto choose = [&]<int... V>(std::integer_sequence<int, V...>) {
            ((to - from == V + 1 ? (run.template operator()<V + 1>(), 0) : 0), ...);
        };
        choose(std::make_integer_sequence<int, most>{});
        from = to;
    }
}

/// Branch sums of traces that live on synapses, n_steps rows of branch_width values, `row_stride`
/// apart; columns past n_branch are zero.
template <class Real>
void synapse_rows(const Events<Real>& events, std::int64_t n_steps,
                  const ElmScanWeights<Real>& weights, Real* traces, Real* rows,
                  std::int64_t row_stride) {
    const auto n_synapses = static_cast<std::int64_t>(weights.synapse_decay.size());
    const int per_branch = weights.n_synapse_per_branch;
    const SynapseTargets<Real>& targets = weights.targets;
    for (std::int64_t step = 0; step < n_steps; ++step, rows += row_stride) {
        const Real* decay = weights.synapse_decay.data();
        for (std::int64_t s = 0; s < n_synapses; ++s) traces[s] *= decay[s];
        for (std::int64_t at = events.row_begin[step]; at < events.row_begin[step + 1]; ++at) {
            const auto unit = static_cast<std::size_t>(events.units[at]);
            const Real value = events.values == nullptr ? Real(1) : events.values[at];
            for (auto k = static_cast<std::size_t>(targets.begin[unit]);
                 k < static_cast<std::size_t>(targets.begin[unit + 1]); ++k) {
                traces[targets.synapse[k]] += value * targets.weight[k];
            }
        }
        std::fill(rows, rows + weights.branch_width, Real(0));
        for (int branch = 0; branch < weights.n_branch; ++branch) {
            const Real* trace = traces + static_cast<std::ptrdiff_t>(branch) * per_branch;
            // Eight partial sums: the order is fixed and the sums are independent.
            Real partial[8] = {};
            int k = 0;
            for (; k + 8 <= per_branch; k += 8) {
                for (int i = 0; i < 8; ++i) partial[i] += trace[k + i];
            }
            for (int i = 0; k < per_branch; ++k, ++i) partial[i] += trace[k];
            rows[branch] = ((partial[0] + partial[4]) + (partial[1] + partial[5])) +
                           ((partial[2] + partial[6]) + (partial[3] + partial[7]));
        }
    }
}

}  // namespace elm::lanes

#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/ops/elm/cpu/gradient/gradient_sums.h"

/// From the padded sums of the tiles to the gradients that a caller sees.
namespace elm::gradient {

/// Sums of the groups of tiles, in their order.
template <class Real>
class GroupSums {
public:
    using Group = PartialGradient<Real>;
    explicit GroupSums(std::span<const Group> groups) : groups_(groups) {}

    /// to[i] += sum over groups of array[offset + i]; the arrays are padded to whole vectors.
    template <class ArrayOf>
    void add(const ArrayOf& array_of, std::int64_t offset, std::int64_t n, Real* to) const {
        constexpr int N = unit_lanes<Real>;
        for (std::int64_t i = 0; i < n; i += N) {
            Vec<Real, N> sum = load<Real, N>(array_of(groups_[0]).data() + offset + i);
            for (std::size_t g = 1; g < groups_.size(); ++g) {
                sum = sum + load<Real, N>(array_of(groups_[g]).data() + offset + i);
            }
            if (i + N <= n) {
                store<Real, N>(to + i, load<Real, N>(to + i) + sum);
            } else {
                for (std::int64_t k = 0; i + k < n; ++k) to[i + k] += sum[k];
            }
        }
    }

    template <class LayerOf>
    void add_layer(const LayerOf& layer_of, const PackedLayer<Real>& layer, std::int64_t row_width,
                   std::int64_t second_part, const typename ElmParameters<Real*>::Layer& to) const {
        const auto weight_of = [&](const Group& group) -> const auto& {
            return layer_of(group).weight;
        };
        for (std::int64_t unit = 0; unit < layer.n_out(); ++unit) {
            Real* const row = to.weight + unit * layer.n_in();
            if (second_part > 0) add(weight_of, unit * row_width, layer.n_first(), row);
            add(weight_of, unit * row_width + second_part, layer.n_rest(), row + layer.n_first());
        }
        add(
            [&](const Group& group) -> const auto& { return layer_of(group).bias; }, 0,
            layer.n_out(), to.bias);
    }

    void add_synapses(const ElmGradientWeights<Real>& weights, Real* to) const {
        const bool by_synapse = weights.forward->trace_per_synapse;
        const std::vector<std::int64_t>& places = weights.sum_of_synapse;
        for (std::size_t s = 0; s < places.size(); ++s) {
            if (places[s] < 0) continue;
            const auto at = static_cast<std::size_t>(places[s]);
            Real sum = 0;
            for (std::size_t g = 0; g < groups_.size(); ++g) {
                const Real part = by_synapse ? groups_[g].synapse[at] : groups_[g].events[at];
                sum = g == 0 ? part : sum + part;
            }
            to[s] += by_synapse ? sum : weights.forward->entries.sign[s] * sum;
        }
    }

    /// From G, the sums over the events of an input: dW1b = sum G w^T and dw = W1b^T G.
    void add_spike_rows(const ElmGradientWeights<Real>& weights, AlignedVector<Real>& columns,
                        const ElmParameters<Real*>& to) const {
        const PackedLayer<Real>& first = weights.forward->layers.front();
        const int width = first.padded_units();
        columns.assign(static_cast<std::size_t>(first.n_first() * width), Real(0));
        with_vectors_of(first, [&]<int V>() { add_spike_rows<V>(weights, columns.data(), to); });
        for (int unit = 0; unit < first.n_out(); ++unit) {
            Real* const row = to.layers[0].weight + std::int64_t{unit} * first.n_in();
            for (int j = 0; j < first.n_first(); ++j) {
                row[j] += columns[static_cast<std::size_t>(j * width + unit)];
            }
        }
    }

private:
    /// `columns`: dW1b transposed, each column V vectors.
    template <int V>
    void add_spike_rows(const ElmGradientWeights<Real>& weights, Real* columns,
                        const ElmParameters<Real*>& to) const {
        constexpr int N = unit_lanes<Real>;
        const Real* const w1b = weights.forward->layers.front().by_unit();
        const BranchEntries<Real>& entries = weights.forward->entries;
        entries.for_inputs([&](std::int64_t input, std::size_t begin, std::size_t end) {
            Vec<Real, N> sum[V];
            for (int v = 0; v < V; ++v) {
                const std::int64_t at = input * event_width(weights) + v * N;
                sum[v] = load<Real, N>(groups_[0].events.data() + at);
                for (std::size_t g = 1; g < groups_.size(); ++g) {
                    sum[v] = sum[v] + load<Real, N>(groups_[g].events.data() + at);
                }
            }
            for (std::size_t e = begin; e < end; ++e) {
                const std::int64_t column = std::int64_t{entries.branch[e]} * V * N;
                Vec<Real, N> product{};
#pragma GCC unroll 8
                for (int v = 0; v < V; ++v) {
                    Real* const gradient = columns + column + v * N;
                    store<Real, N>(gradient, multiply_add<Real, N>(entries.weight[e], sum[v],
                                                                   load<Real, N>(gradient)));
                    product =
                        multiply_add<Real, N>(load<Real, N>(w1b + column + v * N), sum[v], product);
                }
                const Real slope = sum_of_lanes<Real, N>(product);
                entries.for_synapses_of(
                    e, [&](std::size_t s) { to.synapse_weight[s] += entries.sign[s] * slope; });
            }
        });
    }

    std::span<const Group> groups_;
};

/// Takes the padding off and, for synapses, applies the routing.
template <class Real>
void add_gradients(const ElmGradientWeights<Real>& weights, const std::vector<int>& row_widths,
                   std::span<const PartialGradient<Real>> groups, AlignedVector<Real>& columns,
                   const ElmParameters<Real*>& to) {
    using Group = PartialGradient<Real>;
    const ElmScanWeights<Real>& w = *weights.forward;
    const GroupSums<Real> sums(groups);
    const auto n_layers = static_cast<std::int64_t>(w.layers.size());
    for_each_part(n_layers + 2, count_weights(w), [&](std::int64_t part) {
        if (part < n_layers) {
            const auto l = static_cast<std::size_t>(part);
            sums.add_layer(
                [l](const Group& group) -> const auto& { return group.layers[l]; }, w.layers[l],
                row_widths[l], l == 0 ? weights.branch_columns() : 0, to.layers[l]);
        } else if (part == n_layers) {
            if (weights.has_branches()) {
                sums.add_synapses(weights, to.synapse_weight);
            } else {
                sums.add_spike_rows(weights, columns, to);
            }
        } else {
            sums.add_layer(
                [](const Group& group) -> const auto& { return group.readout; }, w.readout,
                weights.wide(w.n_memory), 0, to.readout);
            if (to.memory_decay == nullptr) return;
            sums.add(
                [](const Group& group) -> const auto& { return group.memory_decay; }, 0, w.n_memory,
                to.memory_decay);
            sums.add(
                [](const Group& group) -> const auto& { return group.memory_gain; }, 0, w.n_memory,
                to.memory_gain);
        }
    });
}

}  // namespace elm::gradient

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/ops/elm_gradient.h"
#include "kernels/ops/elm_layer.h"
#include "kernels/ops/elm_scan_weights.h"
#include "kernels/ops/outer_product.h"

/// What the tiles of a backward pass read and add into.
namespace elm {

using lanes::AlignedVector;

/// Where the weights of synapses go: several may add up in one entry of the branch table, which is
/// what a unit of the input adds to a branch.
template <class Real>
struct SynapsePlaces {
    std::vector<std::int64_t> sum_of_synapse;  // (d_s) in PartialGradient::events, or ::synapse;
                                               // -1 without an input
    std::vector<Real> sign;                    // (d_s) of the synapse's input
    std::vector<std::int32_t> input, branch;   // (entries) rising
    std::vector<std::int64_t> begin;           // (entries + 1), positions in `synapses`
    std::vector<std::int32_t> synapses;        // by entry, then rising
    std::vector<Real> weight;                  // (entries) sum over its synapses, sign included
};

/// The branches that a unit of the input reaches stand in `width` columns from `first` on, within
/// the padded row of branches: all that the sums over its events need.
struct InputBands {
    int width = 0;
    std::vector<std::int32_t> first;  // (n_input)
};

/// What enters the recurrence: row_t = decay row_{t-1} + sum of the table's rows of its events.
template <class Real>
struct InputSide {
    const Real *table, *decay, *bias;
    int width;  // of the rows, a multiple of the native lanes
};

/// Where all traces decay alike, W1b b is itself a filtered sum of table rows W1b w, one for each
/// unit of the input. Where rows are short and inputs many, this replaces the traces b and every
/// product with W1b in both directions:
///     q_t = dz1_t + kappa_b q_{t+1},  G = sum of q_t over the unit's events
///     dW1b = sum G w^T,  dw = W1b^T G
template <class Real>
struct SpikeRows {
    int width = 0;  // 0: the model keeps its traces
    AlignedVector<Real> table, decay, bias;
};

template <class Real>
struct ElmGradientWeights {
    std::shared_ptr<ElmScanWeights<Real>> forward;
    std::vector<lanes::PackedLayer<Real>>
        to_input;                          // of layer l: W^T, for l = 0 the memory's columns
    lanes::PackedLayer<Real> to_branches;  // W1b^T
    AlignedVector<Real> readout;           // (n_output, memory width), rows of W_y
    AlignedVector<Real> zeros;
    SynapsePlaces<Real> places;
    InputBands bands;
    SpikeRows<Real> spike_rows;

    bool has_branches() const { return spike_rows.width == 0; }
    InputSide<Real> input() const {
        if (!has_branches()) {
            return {spike_rows.table.data(), spike_rows.decay.data(), spike_rows.bias.data(),
                    spike_rows.width};
        }
        return {forward->branch_table.data(), forward->branch_decay.data(), zeros.data(),
                forward->branch_width};
    }
    /// Columns of traces in the rows that enter the first layer.
    int branch_columns() const { return has_branches() ? forward->branch_width : 0; }
};

namespace gradient {

/// Of rows: a multiple of the blocks of both products.
inline int wide(std::int64_t n) {
    constexpr std::int64_t step = 8;
    static_assert(step % lanes::unit_lanes<float> == 0 && step % lanes::unit_lanes<double> == 0);
    static_assert(step % lanes::outer_block == 0);
    return static_cast<int>((n + step - 1) / step * step);
}

/// Columns of the sums over the events of an input.
template <class Real>
int event_width(const ElmGradientWeights<Real>& weights) {
    return weights.has_branches() ? weights.bands.width
                                  : wide(weights.forward->layers.front().n_out());
}

/// Gradients of one group of tiles, padded as the products leave them.
template <class Real>
struct PartialGradient {
    struct Layer {
        AlignedVector<Real> weight, bias;  // (wide n_out, row width), (wide n_out)
    };
    std::vector<Layer> layers;
    Layer readout;
    AlignedVector<Real> events;   // (n_input, event width): dL/d(table row), without sign
    AlignedVector<Real> synapse;  // (d_s) instead, where traces live on synapses
    AlignedVector<Real> memory_decay, memory_gain;  // empty where not wanted

    void prepare(const ElmGradientWeights<Real>& weights, const std::vector<int>& row_widths,
                 bool time_constants) {
        const ElmScanWeights<Real>& w = *weights.forward;
        const auto zeros = [](AlignedVector<Real>& array, std::int64_t n) {
            // The end of the last row may be read in whole vectors.
            const std::int64_t room = n == 0 ? 0 : n + lanes::native<Real>;
            array.assign(static_cast<std::size_t>(room), Real(0));
        };
        layers.resize(w.layers.size());
        for (std::size_t l = 0; l < layers.size(); ++l) {
            const std::int64_t n_out = wide(w.layers[l].n_out());
            zeros(layers[l].weight, n_out * row_widths[l]);
            zeros(layers[l].bias, n_out);
        }
        zeros(readout.weight, std::int64_t{wide(w.n_output)} * wide(w.n_memory));
        zeros(readout.bias, wide(w.n_output));
        if (w.trace_per_synapse) {
            zeros(synapse, static_cast<std::int64_t>(w.synapse_decay.size()));
        } else {
            zeros(events, std::int64_t{w.n_input} * event_width(weights));
        }
        zeros(memory_decay, time_constants ? wide(w.n_memory) : 0);
        zeros(memory_gain, time_constants ? wide(w.n_memory) : 0);
    }
};

}  // namespace gradient

template <class Real>
struct ElmGradientWorkspace {
    std::vector<gradient::PartialGradient<Real>> groups;  // at least as many as the last pass had
    AlignedVector<Real> columns;
};

}  // namespace elm

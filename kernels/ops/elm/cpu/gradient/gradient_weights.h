#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/elm/cpu/layer/layer.h"
#include "kernels/ops/elm/cpu/outer_product.h"
#include "kernels/ops/elm/cpu/scan_weights.h"
#include "kernels/ops/elm/events.h"

/// A model packed for a backward pass, and what walks over it.
namespace elm {

using lanes::AlignedVector;

namespace gradient {

/// n rounded up to the lanes of units and to the blocks of weight gradients.
constexpr int wide(std::int64_t n, int unit_lanes) {
    constexpr int least = 8;
    static_assert(least % lanes::unit_lanes<float> == 0 && least % lanes::unit_lanes<double> == 0);
    static_assert(least % lanes::outer_block == 0);
    const int step = std::max(least, unit_lanes);
    return static_cast<int>((n + step - 1) / step * step);
}

}  // namespace gradient

/// The branches that a unit of the input reaches stand in `width` columns from `first` on, within
/// the padded row of branches: all that the sums over its events need.
struct InputBands {
    int width = 0;
    std::vector<std::int32_t> first;  // (n_input)
};

/// Input of the recurrence: row_t = decay row_{t-1} + sum of the table's rows of its events.
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
    std::vector<std::int64_t> sum_of_synapse;  // (d_s) in PartialGradient::events, or ::synapse;
                                               // -1 without an input
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
    /// Width of a row of n numbers: a multiple of the blocks of both products.
    int wide(std::int64_t n) const { return gradient::wide(n, forward->unit_lanes); }
    /// Columns of traces in the rows that enter the first layer.
    int branch_columns() const { return has_branches() ? forward->branch_width : 0; }
};

namespace gradient {

using lanes::add_column_sums;
using lanes::add_outer_product;
using lanes::AlignedVector;
using lanes::broadcast;
using lanes::DenseEvents;
using lanes::Events;
using lanes::filter_rows;
using lanes::LanesOf;
using lanes::layer_by_unit;
using lanes::load;
using lanes::make_room;
using lanes::make_zeros;
using lanes::multiply_add;
using lanes::native;
using lanes::outer_block;
using lanes::PackedLayer;
using lanes::registers;
using lanes::store;
using lanes::sum_of_lanes;
using lanes::synapse_rows;
using lanes::transpose;
using lanes::unit_lanes;
using lanes::Vec;

/// Columns of the sums over the events of an input.
template <class Real>
int event_width(const ElmGradientWeights<Real>& weights) {
    return weights.has_branches() ? weights.bands.width
                                  : weights.wide(weights.forward->layers.front().n_out());
}

/// Widths of the rows that enter each layer.
template <class Real>
std::vector<int> row_widths_of(const ElmGradientWeights<Real>& weights) {
    const ElmScanWeights<Real>& w = *weights.forward;
    std::vector<int> widths{weights.branch_columns() + weights.wide(w.n_memory)};
    for (std::size_t l = 0; l + 1 < w.layers.size(); ++l) {
        widths.push_back(weights.wide(w.layers[l].n_out()));
    }
    return widths;
}

inline constexpr std::int64_t widest_spike_row = 64;

/// Calls body.operator()<V>() for a layer of V vectors of units, at most the widest spike row.
template <class Real, class Body>
void with_vectors_of(const PackedLayer<Real>& layer, const Body& body) {
    constexpr int most = widest_spike_row / unit_lanes<Real>;
    const int count = layer.padded_units() / unit_lanes<Real>;
    ELM_ASSERT(count <= most);
    [&]<int... V>(std::integer_sequence<int, V...>) {
        ((count == V + 1 ? (body.template operator()<V + 1>(), 0) : 0), ...);
    }
    (std::make_integer_sequence<int, most>{});
}

/// Calls body(i) for 0 <= i < count: on all threads where there are enough weights for it.
template <class Body>
void for_each_part(std::int64_t count, std::int64_t weights, const Body& body) {
    constexpr std::int64_t few_weights = 32 * 1024;  // as long as waking the other threads takes
    if (weights >= few_weights) {
        Cpu::for_each_task(count, body);
    } else {
        for (std::int64_t i = 0; i < count; ++i) body(i);
    }
}

template <class Real>
std::int64_t count_weights(const ElmScanWeights<Real>& w) {
    auto count = std::int64_t{w.n_branch} * w.n_synapse_per_branch;
    for (const PackedLayer<Real>& layer : w.layers) {
        count += std::int64_t{layer.n_in()} * layer.n_out();
    }
    return count;
}

}  // namespace gradient
}  // namespace elm

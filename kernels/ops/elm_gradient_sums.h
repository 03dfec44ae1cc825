#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/ops/elm_gradient.h"
#include "kernels/ops/elm_layer.h"
#include "kernels/ops/elm_scan_weights.h"

/// What the tiles of a backward pass read and add into.
namespace elm {

using lanes::AlignedVector;

template <class Real>
struct ElmGradientWeights {
    ElmScanModel model;
    std::shared_ptr<const ElmScanWeights<Real>> forward;
    std::vector<lanes::PackedLayer<Real>>
        to_input;                          // of layer l: W^T, for l = 0 the memory's columns
    lanes::PackedLayer<Real> to_branches;  // W1b^T
    AlignedVector<Real> readout;           // (n_output, memory width), rows of W_y
    AlignedVector<Real> zeros;
};

namespace gradient {

inline int wide(std::int64_t n) {  // a multiple of every block and vector
    return static_cast<int>((n + 15) / 16 * 16);
}

/// Gradients of one group of tiles, padded as the products leave them.
template <class Real>
struct PartialGradient {
    struct Layer {
        AlignedVector<Real> weight, bias;  // (wide n_out, row width), (wide n_out)
    };
    std::vector<Layer> layers;
    Layer readout;
    AlignedVector<Real> events;   // (n_input, branch width): dL/d(table row), sign included
    AlignedVector<Real> synapse;  // (d_s) instead, where traces live on synapses
    AlignedVector<Real> memory_decay, memory_gain;

    void prepare(const ElmScanWeights<Real>& w, const std::vector<int>& row_widths) {
        const auto zeros = [](AlignedVector<Real>& array, std::int64_t n) {
            array.assign(static_cast<std::size_t>(n), Real(0));
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
            zeros(events, std::int64_t{w.n_input} * w.branch_width);
        }
        zeros(memory_decay, wide(w.n_memory));
        zeros(memory_gain, wide(w.n_memory));
    }

    void add(const PartialGradient& other) {
        const auto sum = [](AlignedVector<Real>& to, const AlignedVector<Real>& from) {
            for (std::size_t i = 0; i < to.size(); ++i) to[i] += from[i];
        };
        for (std::size_t l = 0; l < layers.size(); ++l) {
            sum(layers[l].weight, other.layers[l].weight);
            sum(layers[l].bias, other.layers[l].bias);
        }
        sum(readout.weight, other.readout.weight);
        sum(readout.bias, other.readout.bias);
        sum(events, other.events);
        sum(synapse, other.synapse);
        sum(memory_decay, other.memory_decay);
        sum(memory_gain, other.memory_gain);
    }
};

}  // namespace gradient
}  // namespace elm

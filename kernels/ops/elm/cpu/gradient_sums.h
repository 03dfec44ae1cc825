#pragma once

#include <cstdint>
#include <vector>

#include "kernels/ops/elm/cpu/gradient_weights.h"

/// What the tiles of a backward pass add into.
namespace elm {
namespace gradient {

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
            const std::int64_t n_out = weights.wide(w.layers[l].n_out());
            zeros(layers[l].weight, n_out * row_widths[l]);
            zeros(layers[l].bias, n_out);
        }
        zeros(readout.weight, std::int64_t{weights.wide(w.n_output)} * weights.wide(w.n_memory));
        zeros(readout.bias, weights.wide(w.n_output));
        if (w.trace_per_synapse) {
            zeros(synapse, static_cast<std::int64_t>(w.synapse_decay.size()));
        } else {
            zeros(events, std::int64_t{w.n_input} * event_width(weights));
        }
        zeros(memory_decay, time_constants ? weights.wide(w.n_memory) : 0);
        zeros(memory_gain, time_constants ? weights.wide(w.n_memory) : 0);
    }
};

}  // namespace gradient
}  // namespace elm

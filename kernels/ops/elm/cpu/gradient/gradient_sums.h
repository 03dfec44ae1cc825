#pragma once

#include <cstdint>
#include <vector>

#include "kernels/ops/elm/cpu/gradient/gradient_weights.h"

/// Sums that the tiles of a backward pass add into.
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
        for_each_array(weights, row_widths, time_constants,
                       [](AlignedVector<Real>& array, std::int64_t n) {
                           array.assign(static_cast<std::size_t>(n), Real(0));
                       });
    }

    /// Memory of one group.
    static std::int64_t bytes(const ElmGradientWeights<Real>& weights, bool time_constants) {
        PartialGradient counted;
        std::int64_t elements = 0;
        counted.for_each_array(weights, row_widths_of(weights), time_constants,
                               [&](const AlignedVector<Real>&, std::int64_t n) { elements += n; });
        return elements * static_cast<std::int64_t>(sizeof(Real));
    }

private:
    /// Calls body(array, elements that it needs).
    template <class Body>
    void for_each_array(const ElmGradientWeights<Real>& weights, const std::vector<int>& row_widths,
                        bool time_constants, const Body& body) {
        const ElmScanWeights<Real>& w = *weights.forward;
        const auto add = [&](AlignedVector<Real>& array, std::int64_t n) {
            // The end of the last row may be read in whole vectors.
            body(array, n == 0 ? 0 : n + lanes::native<Real>);
        };
        layers.resize(w.layers.size());
        for (std::size_t l = 0; l < layers.size(); ++l) {
            const std::int64_t n_out = weights.wide(w.layers[l].n_out());
            add(layers[l].weight, n_out * row_widths[l]);
            add(layers[l].bias, n_out);
        }
        add(readout.weight, std::int64_t{weights.wide(w.n_output)} * weights.wide(w.n_memory));
        add(readout.bias, weights.wide(w.n_output));
        add(synapse, w.trace_per_synapse ? static_cast<std::int64_t>(w.synapse_decay.size()) : 0);
        add(events, w.trace_per_synapse ? 0 : std::int64_t{w.n_input} * event_width(weights));
        add(memory_decay, time_constants ? weights.wide(w.n_memory) : 0);
        add(memory_gain, time_constants ? weights.wide(w.n_memory) : 0);
    }
};

}  // namespace gradient
}  // namespace elm

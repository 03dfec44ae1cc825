#pragma once

#include <cstdint>
#include <iterator>
#include <vector>

#include "kernels/core/random/random_key.h"
#include "kernels/ops/elm_network/layer_shape.h"

namespace elm {

/// Synapses of one kind: the source of each, and its row, branch * neurons + neuron. Rows rise.
struct Wires {
    std::vector<std::int32_t> source, row;

    std::int64_t count() const { return std::ssize(source); }
};

/// Synapses of a layer from its inputs and from its own neurons.
struct Connectome {
    Wires outer, recurrent;
};

/// Of a layer of a network, 0 for the first.
RandomKey connectome_key(std::uint64_t seed, std::uint32_t layer);

/// Draws a source for each of `synapses` synapses of each branch of each neuron, with replacement:
/// one of the layer's neurons with the probability `recurrent_share`, else one of its inputs.
Connectome draw_connectome(const ElmLayerShape& shape, std::int64_t inputs, std::int64_t synapses,
                           double recurrent_share, const RandomKey& key);

}  // namespace elm

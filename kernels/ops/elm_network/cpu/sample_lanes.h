#pragma once

#include <cstdint>
#include <utility>

#include "kernels/ops/elm_network/cpu/lane_matrix.h"

/// The samples of a tile side by side: what synapses read and write. A synapse's source differs
/// from neuron to neuron, but not from sample to sample.
namespace elm::elm_layer {

template <class Real>
using Samples = lanes::Vec<Real, tile_samples>;

/// Where the samples of a lane stand among those of its block, [position][sample]: neighbouring
/// lanes in neighbouring vectors, so that a transpose stays within four elements.
template <class Real>
constexpr std::int64_t position(std::int64_t lane) {
    return lane % tile_samples * (width<Real> / tile_samples) + lane / tile_samples;
}

template <class Real, std::size_t... I>
ELM_INLINE void transpose_fours(Vector<Real> (&x)[tile_samples], std::index_sequence<I...>) {
    using V = Vector<Real>;
    constexpr std::size_t N = width<Real>;
    // Element i of each four: of (a, b), the first two or the last two elements in turn, ...
    constexpr auto turn = [](std::size_t i, std::size_t half) {
        return i / 4 * 4 + 2 * half + i % 4 / 2 + (i % 2 == 0 ? 0 : N);
    };
    // ... and the first or the last two of a, then those of b.
    constexpr auto pair = [](std::size_t i, std::size_t half) {
        return i / 4 * 4 + 2 * half + i % 2 + (i % 4 < 2 ? 0 : N);
    };
    const V low_01 = __builtin_shufflevector(x[0], x[1], turn(I, 0)...);
    const V high_01 = __builtin_shufflevector(x[0], x[1], turn(I, 1)...);
    const V low_23 = __builtin_shufflevector(x[2], x[3], turn(I, 0)...);
    const V high_23 = __builtin_shufflevector(x[2], x[3], turn(I, 1)...);
    x[0] = __builtin_shufflevector(low_01, low_23, pair(I, 0)...);
    x[1] = __builtin_shufflevector(low_01, low_23, pair(I, 1)...);
    x[2] = __builtin_shufflevector(high_01, high_23, pair(I, 0)...);
    x[3] = __builtin_shufflevector(high_01, high_23, pair(I, 1)...);
}

/// From [position][sample] in memory, a block of neurons, to a vector of neurons for each sample.
template <class Real>
ELM_INLINE void by_sample(const Real* from, Vector<Real> (&samples)[tile_samples]) {
    static_assert(tile_samples == 4);
#pragma GCC unroll 4
    for (int i = 0; i < tile_samples; ++i) samples[i] = load(from + i * width<Real>);
    transpose_fours<Real>(samples, std::make_index_sequence<width<Real>>{});
}

/// The reverse.
template <class Real>
ELM_INLINE void by_neuron(Vector<Real> (&samples)[tile_samples], Real* to) {
    transpose_fours<Real>(samples, std::make_index_sequence<width<Real>>{});
#pragma GCC unroll 4
    for (int i = 0; i < tile_samples; ++i) store<Real>(to + i * width<Real>, samples[i]);
}

}  // namespace elm::elm_layer

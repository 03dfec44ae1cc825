#pragma once

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "kernels/core/view.h"
#include "kernels/ops/elm_network/cpu/wiring.h"

namespace elm::elm_layer {

/// Rows of (rows, neurons) as blocks of lanes: [block][row][lane]; lanes without a neuron are 0.
template <class Real>
lanes::AlignedVector<Real> in_lanes(const View<const Real, 2>& all, std::int64_t first,
                                    std::int64_t rows) {
    const std::int64_t neurons = all.extent[1], N = width<Real>;
    lanes::AlignedVector<Real> packed(static_cast<std::size_t>(blocks_of<Real>(neurons) * N * rows),
                                      Real(0));
    for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t n = 0; n < neurons; ++n) {
            packed[static_cast<std::size_t>((n / N * rows + row) * N + n % N)] =
                all(first + row, n);
        }
    }
    return packed;
}

/// What a step reads of a layer, either way.
template <class Real>
struct LayerWeights {
    LayerWeights(const ElmLayer& of, const View<const Real, 2>& parameters,
                 const SynapsesView& synapses, const View<const Real, 1>& synapse_weight)
        : layer(of),
          blocks(blocks_of<Real>(of.shape.neurons)),
          wiring(of.shape, synapses, synapse_weight.data),
          decay(in_lanes(parameters, of.shape.decay(), of.shape.memories)),
          gain(in_lanes(parameters, of.shape.gain(), of.shape.memories)),
          readout(in_lanes(parameters, of.shape.readout(), of.shape.memories)) {}

    ElmLayer layer;
    std::int64_t blocks;
    Wiring<Real> wiring;
    lanes::AlignedVector<Real> decay, gain, readout;  // [block][memory][lane]
};

/// Element (row, k) of a matrix of every neuron that begins in row `first` of the parameters.
template <class Real>
auto elements(const View<const Real, 2>& parameters, std::int64_t first, std::int64_t inner,
              bool transposed) {
    return [=](std::int64_t row, std::int64_t k, std::int64_t neuron) {
        return parameters(first + (transposed ? k * inner + row : row * inner + k), neuron);
    };
}

/// Rows of vectors in a tensor (..., rows, neurons). A row's last block may end within a vector,
/// whose other lanes are then those of the rows behind; behind the last row nothing is touched. A
/// store in order of rows writes over what the one before left behind the row's end; of the blocks
/// of a step the last one goes first.
template <class Real>
class TensorRows {
public:
    TensorRows(std::int64_t rows, std::int64_t neurons) : rows_(rows), neurons_(neurons) {}

    /// Elements of all rows.
    std::int64_t size() const { return rows_ * neurons_; }

    /// Calls body(row, access) for all rows of a block: access.get(step) and access.put(step,
    /// value) load and store the block's vector of the row, which begins at step + access.at.
    template <class Body>
    ELM_INLINE void for_rows_of(std::int64_t block, const Body& body) const {
        const std::int64_t first = block * width<Real>, neurons = neurons_;
        const std::int64_t room = size() - first - width<Real>;
        const std::int64_t whole = room < 0 ? 0 : std::min(rows_, room / neurons + 1);
        for (std::int64_t row = 0; row < whole; ++row) body(row, Whole{row * neurons + first});
        for (std::int64_t row = whole; row < rows_; ++row) {
            const std::int64_t at = row * neurons + first;
            body(row, Part{at, std::min<std::int64_t>(size() - at, width<Real>)});
        }
    }

private:
    struct Whole {
        std::int64_t at;
        ELM_INLINE Vector<Real> get(const Real* step) const { return load(step + at); }
        ELM_INLINE void put(Real* step, const Vector<Real>& value) const {
            store<Real>(step + at, value);
        }
    };
    struct Part {
        std::int64_t at, count;
        ELM_INLINE Vector<Real> get(const Real* step) const {
            return count < width<Real> ? lanes::load_first<Real, width<Real>>(step + at, count)
                                       : load(step + at);
        }
        ELM_INLINE void put(Real* step, const Vector<Real>& value) const {
            if (count < width<Real>) {
                lanes::store_first<Real, width<Real>>(step + at, count, value);
            } else {
                store<Real>(step + at, value);
            }
        }
    };

    std::int64_t rows_, neurons_;
};

template <class Real>
ELM_INLINE Vector<Real> magnitude_of(const Vector<Real>& value) {
    const Vector<Real> zero{};
    return value > zero ? value : zero - value;
}

/// The vector of a block in a row of neurons; lanes without a neuron are 0, and are not stored.
template <class Real>
Vector<Real> load_neurons(const Real* row, std::int64_t neurons, std::int64_t block) {
    const std::int64_t first = block * width<Real>;
    if (first + width<Real> <= neurons) return load(row + first);
    return lanes::load_first<Real, width<Real>>(row + first, neurons - first);
}
template <class Real>
void store_neurons(Real* row, std::int64_t neurons, std::int64_t block, const Vector<Real>& value) {
    const std::int64_t first = block * width<Real>;
    if (first + width<Real> <= neurons) {
        store<Real>(row + first, value);
    } else {
        lanes::store_first<Real, width<Real>>(row + first, neurons - first, value);
    }
}

/// Calls body(row, where its vector stands) for S samples of rows of a tile.
template <int S, class Real, class Body>
ELM_INLINE void for_rows(std::int64_t rows, const Body& body) {
    for (std::int64_t row = 0; row < rows; ++row) {
#pragma GCC unroll 4
        for (int s = 0; s < S; ++s) body(row, row * row_size<Real> + s * width<Real>);
    }
}

/// Calls body.operator()<S>(first) for the samples of a tile, S at once.
template <class Body>
ELM_INLINE void for_samples(std::int64_t count, const Body& body) {
    std::int64_t first = 0;
    if (count - first >= 4) body.template operator()<4>(first), first += 4;
    if (count - first >= 2) body.template operator()<2>(first), first += 2;
    if (count - first >= 1) body.template operator()<1>(first);
}

}  // namespace elm::elm_layer

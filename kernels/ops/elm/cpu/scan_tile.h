#pragma once

#include <algorithm>
#include <vector>

#include "kernels/ops/elm/cpu/scan_weights.h"
#include "kernels/ops/elm/events.h"

namespace elm::scan {

using lanes::AlignedVector;
using lanes::DenseEvents;
using lanes::Events;
using lanes::filter_rows;
using lanes::LanesOf;
using lanes::layer_by_sample;
using lanes::layer_by_unit;
using lanes::load;
using lanes::make_room;
using lanes::native;
using lanes::PackedLayer;
using lanes::store;
using lanes::synapse_rows;
using lanes::transpose;
using lanes::unit_lanes;
using lanes::Vec;

inline constexpr std::int64_t chunk_steps = 32;

/// Distance between the rows of neighbouring samples: a cache line more than their length, or all
/// of them would share a few sets of the cache.
constexpr std::int64_t row_stride(std::int64_t width) { return chunk_steps * width + 16; }

inline int widest_layer(const auto& weights) {
    int width = weights.n_memory;
    for (const auto& layer : weights.layers) width = std::max(width, layer.n_out());
    return width + 32;  // room for padded units of either kernel
}

/// Room for one tile.
template <class Real>
struct TileMemory {
    AlignedVector<Real> rows, branch_rows, lanes_in, drive, history, x, hidden_a, hidden_b, out;
    AlignedVector<Real> trace, drive_state;
    std::vector<DenseEvents<Real>> dense;
    std::int64_t lanes = 0;

    void prepare(const ElmScanWeights<Real>& w, std::int64_t width_of_tile) {
        lanes = width_of_tile;
        const std::int64_t widest = widest_layer(w);
        const std::int64_t width = std::max({w.branch_width, w.drive_width, 1});
        make_room(rows, lanes * row_stride(width));
        make_room(branch_rows, row_stride(w.branch_width));
        make_room(lanes_in, lanes * width);
        make_room(drive, lanes * row_stride(widest));
        make_room(history, lanes * chunk_steps * widest);
        make_room(x, lanes * widest);
        make_room(hidden_a, lanes * widest);
        make_room(hidden_b, lanes * widest);
        make_room(out, lanes * chunk_steps * (w.n_output + 32));
        make_room(trace, lanes * trace_width(w));
        make_room(drive_state, lanes * std::max(w.drive_width, 1));
        dense.resize(static_cast<std::size_t>(lanes));
    }

    static std::int64_t trace_width(const ElmScanWeights<Real>& w) {
        return std::max<std::int64_t>(static_cast<std::int64_t>(w.synapse_decay.size()),
                                      w.branch_width);
    }
};

/// Some samples of one run: `width` is the number of lanes, or of samples side by side.
struct TileForm {
    std::int64_t width;
    bool by_unit;
};
struct Tile {
    std::size_t run;
    std::int64_t first, count;
    TileForm form;
};

/// All steps of a tile (scan_tile_body.h).
template <class Real>
void run_tile(const ElmScanArgs<Real>& args, const Tile& tile, TileMemory<Real>& memory);

}  // namespace elm::scan

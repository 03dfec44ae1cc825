#pragma once

#include <cstdint>
#include <vector>

#include "kernels/core/support/pool.h"
#include "kernels/ops/elm/cpu/gradient/gradient_sums.h"
#include "kernels/ops/elm/events.h"

/// The memory of backward passes, kept from tile to tile and call to call: fresh memory would cost
/// a page fault for every 4 KB.
namespace elm {
namespace gradient {

inline constexpr std::int64_t chunk_steps =
    32;  // rows of one weight-gradient product: chunk_steps * samples

/// Extents of the arrays of a tile of `n_samples` samples; padded widths are those of rows.
struct TileShape {
    int n_samples = 0, lanes = 0;  // lanes of units
    bool time_constants = false;
    bool slopes_of_chunk = false;  // ReLU, whose slope its value tells
    std::int64_t segment_steps = 0;
    std::int64_t update_steps = 0;  // whose updates are kept: those of a segment, or of all
    int n_memory = 0, n_trace = 0, n_output = 0;
    int branch_width = 0, trace_width = 0, drive_width = 0;
    std::vector<int> row_widths;  // of the rows that enter each layer

    int memory_width() const { return wide(n_memory, lanes); }
    /// Of one sample: what a step leaves behind, and what the next one begins with.
    std::int64_t step_values() const {
        std::int64_t values = memory_width();
        for (std::size_t l = 0; l < row_widths.size(); ++l) {
            const bool keeps_slope = l > 0 && !slopes_of_chunk;
            values += (keeps_slope ? 2 : 1) * std::int64_t{row_widths[l]};
        }
        return values;
    }
    std::int64_t state_values() const { return std::int64_t{n_memory} + n_trace; }
    /// Drive is of the way forward, dz of a chunk of the way back.
    bool shares_drive() const {
        return slopes_of_chunk && row_widths.size() > 1 && drive_width == row_widths[1];
    }
    bool operator==(const TileShape&) const = default;
};

/// A run of `n_steps` steps, of which `segment_steps` are kept at once (0: all).
template <class Real>
TileShape tile_shape(const ElmGradientWeights<Real>& g, std::int64_t n_steps,
                     std::int64_t segment_steps, bool keep_updates, int n_samples,
                     bool time_constants) {
    const ElmScanWeights<Real>& w = *g.forward;
    TileShape shape;
    shape.n_samples = n_samples;
    shape.lanes = w.unit_lanes;
    shape.time_constants = time_constants;
    shape.slopes_of_chunk = w.hidden_unit == Activation::relu;
    shape.segment_steps =
        segment_steps <= 0
            ? n_steps
            : std::min(n_steps, (segment_steps + chunk_steps - 1) / chunk_steps * chunk_steps);
    shape.update_steps = keep_updates ? n_steps : shape.segment_steps;
    shape.n_memory = w.n_memory;
    shape.n_output = w.n_output;
    shape.row_widths = row_widths_of(g);
    shape.branch_width = w.branch_width;
    shape.n_trace = w.trace_per_synapse ? static_cast<int>(w.synapse_decay.size())
                    : g.has_branches()  ? w.n_branch
                                        : g.input().width;
    shape.trace_width = w.trace_per_synapse
                            ? g.wide(static_cast<std::int64_t>(w.synapse_decay.size()))
                            : g.input().width;
    shape.drive_width = !g.has_branches()     ? g.input().width
                        : w.layers.size() > 1 ? shape.row_widths[1]
                                              : shape.memory_width();
    return shape;
}

/// Values that a segment leaves for its backward pass; row t * n_samples + p is step t of sample p.
template <class Real>
struct SegmentStore {
    std::vector<AlignedVector<Real>> in;     // of layer l: [b, d] for l = 0, else units' values
    std::vector<AlignedVector<Real>> slope;  // of hidden layer l: act'(z), later dz; of ReLU dz of
                                             // one chunk
    AlignedVector<Real> update;              // phi(z) of the last layer, later its dz; perhaps of
                                             // all segments
};

/// The arrays of one tile: what its steps left behind, and what one step or chunk works with.
/// Padding is zeroed once and nothing writes to it but zeros, so a shape that stays the same need
/// not be cleared.
template <class Real>
struct TileWorkspace {
    struct State {
        AlignedVector<Real> memory, trace;  // (samples, memory width), (samples, trace width)
    };

    TileShape shape;
    SegmentStore<Real> store;
    State state;
    AlignedVector<Real> checkpoints;  // (segments, samples, memory and traces): at their starts
    bool filled = false;              // the store holds the last segment of these checkpoints
    // Of one chunk. drive: may stand where dz of the first layer does; memory_rows: m, that of the
    // step before it, too.
    AlignedVector<Real> drive, memory_rows, output_gradient, branch_gradient;
    AlignedVector<Real> z, carry, scratch, adjoint;
    std::vector<DenseEvents<Real>> events;

    /// Makes room for tiles of this shape.
    void prepare(const TileShape& wanted) {
        if (shape == wanted) return;
        shape = wanted;
        for_each_array([](AlignedVector<Real>& array, std::int64_t n) { make_zeros(array, n); });
        events.resize(static_cast<std::size_t>(shape.n_samples));
    }

    /// What a tile of this shape takes for a run of `n_steps` steps.
    static std::int64_t bytes(const TileShape& shape, std::int64_t n_steps) {
        TileWorkspace counted;
        counted.shape = shape;
        std::int64_t elements = 0;
        counted.for_each_array([&](const AlignedVector<Real>&, std::int64_t n) { elements += n; });
        const std::int64_t points = (n_steps + shape.segment_steps - 1) / shape.segment_steps;
        elements += points * shape.n_samples * shape.state_values();
        return elements * static_cast<std::int64_t>(sizeof(Real));
    }

private:
    /// Calls body(array, elements that tiles of `shape` need).
    template <class Body>
    void for_each_array(const Body& body) {
        const std::int64_t samples = shape.n_samples, rows = shape.segment_steps * samples;
        const std::int64_t chunk_rows = chunk_steps * samples, memory = shape.memory_width();
        const std::vector<int>& widths = shape.row_widths;
        store.in.resize(widths.size());
        store.slope.resize(widths.size() - 1);
        for (std::size_t l = 0; l < widths.size(); ++l) {
            // One step more for the first layer: it holds d of the step after the last.
            body(store.in[l], (rows + samples) * widths[l]);
        }
        for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
            body(store.slope[l], (shape.slopes_of_chunk ? chunk_rows : rows) * widths[l + 1]);
        }
        body(store.update, shape.update_steps * samples * memory);
        body(state.memory, samples * memory);
        body(state.trace, samples * shape.trace_width);
        body(drive, shape.shares_drive() ? 0 : chunk_rows * shape.drive_width);
        body(memory_rows, (chunk_rows + samples) * memory);
        body(output_gradient, chunk_rows * wide(shape.n_output, shape.lanes));
        body(branch_gradient, chunk_rows * shape.branch_width);
        const std::int64_t widest =
            std::max<std::int64_t>({memory, wide(shape.n_output, shape.lanes),
                                    *std::max_element(widths.begin(), widths.end())});
        body(z, samples * widest);
        body(scratch, samples * widest);
        body(carry, samples * memory);
        body(adjoint, samples * shape.trace_width);
    }
};

}  // namespace gradient

template <class Real>
struct ElmGradientWorkspace {
    Pool<gradient::TileWorkspace<Real>> tiles;
    std::vector<gradient::PartialGradient<Real>> groups;  // at least as many as the last pass had
    AlignedVector<Real> columns;
};

/// The tiles of a batch between forward and backward.
template <class Real>
struct ElmStoredPass {
    using Workspace = gradient::TileWorkspace<Real>;
    struct Tile {
        typename Pool<Workspace>::Loan room;  // null where its steps are not kept
        AlignedVector<Real> checkpoints;
    };
    std::vector<Tile> tiles;
};

}  // namespace elm

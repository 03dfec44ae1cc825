#pragma once

#include <cstdint>

#include "kernels/core/host_device.h"

namespace elm {

/// What a neuron of the layer says to others: its filtered readout as it is, rectified, or a spike
/// where it is above 0, with the surrogate gradient spike_slope().
enum class NeuronOutput : std::uint8_t { linear, relu, spike };

/// Steepness of the surrogate gradient. Source: public code of Spieler, Martius & Levina 2026.
inline constexpr double spike_slope_scale = 100;

/// d y / d v of y = [v > 0]: that of a fast sigmoid. Source: Zenke & Ganguli 2018,
/// doi:10.1162/neco_a_01086.
template <class V>
ELM_HD V spike_slope(const V& magnitude, const V& scale, const V& one) {
    const V bent = scale * magnitude + one;
    return one / (bent * bent);
}

/// Extents of a layer of ELM neurons, and in which rows of (rows, neurons) its numbers stand.
struct ElmLayerShape {
    std::int64_t neurons = 0;
    std::int64_t branches = 0;
    std::int64_t memories = 0;
    std::int64_t hidden = 0;  // units of the hidden layer; 0: the update is one linear map

    /// Branches, then decayed memory: what the first linear map reads.
    ELM_HD std::int64_t joined() const { return branches + memories; }
    /// What the last linear map reads.
    ELM_HD std::int64_t update_inputs() const { return hidden > 0 ? hidden : joined(); }

    // --- parameters
    ELM_HD std::int64_t hidden_weight() const { return 0; }  // (hidden, joined)
    ELM_HD std::int64_t hidden_bias() const { return hidden * joined(); }
    ELM_HD std::int64_t update_weight() const { return hidden_bias() + hidden; }
    ELM_HD std::int64_t update_bias() const {  // after (memories, update_inputs)
        return update_weight() + memories * update_inputs();
    }
    ELM_HD std::int64_t decay() const { return update_bias() + memories; }
    ELM_HD std::int64_t gain() const { return decay() + memories; }
    ELM_HD std::int64_t readout() const { return gain() + memories; }
    ELM_HD std::int64_t offset() const { return readout() + memories; }
    ELM_HD std::int64_t parameter_rows() const { return offset() + 1; }

    // --- state: branches, memory, filter, activity
    ELM_HD std::int64_t state_memory() const { return branches; }
    ELM_HD std::int64_t state_filter() const { return joined(); }
    ELM_HD std::int64_t state_activity() const { return joined() + 1; }
    ELM_HD std::int64_t state_rows() const { return joined() + 2; }

    // --- what the backward pass needs of a step: branches, decayed memory, hidden units before
    // they are squared, updates
    ELM_HD std::int64_t saved_hidden() const { return joined(); }
    ELM_HD std::int64_t saved_update() const { return joined() + hidden; }
    ELM_HD std::int64_t saved_rows() const { return joined() + hidden + memories; }
};

/// A layer but for its numbers.
struct ElmLayer {
    ElmLayerShape shape;
    double branch_decay = 0;     // of the branches' traces; 0: a branch is the sum of its synapses
    double high_pass_decay = 1;  // of the filter that the readout loses; 1: it loses nothing
    NeuronOutput output = NeuronOutput::relu;
    bool measures_updates = false;  // the scan also tells how large what phi gets was
    /// On the CPU a pass whose steps would leave more than this many bytes for the backward pass
    /// leaves its state every few steps instead, and repeats the steps between.
    std::int64_t most_kept_bytes = std::int64_t{256} << 20;

    /// The rows of the shape, and for a surrogate gradient what was compared with the threshold.
    ELM_HD std::int64_t saved_drive() const { return shape.saved_rows(); }
    ELM_HD std::int64_t saved_rows() const {
        return shape.saved_rows() + (output == NeuronOutput::spike ? 1 : 0);
    }

    bool keeps_branches() const { return branch_decay != 0; }
    /// Rows that a step hands to the next one: memory, filter, activity and traces of branches.
    std::int64_t carried_rows() const {
        return shape.memories + 2 + (keeps_branches() ? shape.branches : 0);
    }
};

}  // namespace elm

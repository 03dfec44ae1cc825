#pragma once

#include <vector>

#include "kernels/ops/elm/cpu/layer/layer.h"
#include "kernels/ops/elm/cuda/scan_device.h"
#include "kernels/ops/elm/gradient.h"

namespace elm {

/// Synapses of each input channel, in compressed rows: for traces that live on synapses.
template <class Real>
struct SynapseTargets {
    std::vector<std::int64_t> begin;    // (n_input + 1)
    std::vector<std::int32_t> synapse;  // index into the synapse traces
    std::vector<Real> weight;           // weight times the sign of the input
};

/// Effect of a unit of the input on a branch, where there is one: the weights of several
/// synapses may add up in it.
template <class Real>
struct BranchEntries {
    std::vector<std::int32_t> input, branch;  // (entries) rising
    std::vector<std::int64_t> begin;          // (entries + 1), positions in `synapses`
    std::vector<std::int32_t> synapses;       // by entry, then rising
    std::vector<Real> sign;                   // (d_s) of the synapse's input; 0 without one
    std::vector<Real> weight;                 // (entries) sum over its synapses, sign included

    /// Calls body(synapse) for those of entry e.
    template <class Body>
    void for_synapses_of(std::size_t e, const Body& body) const {
        for (auto at = static_cast<std::size_t>(begin[e]);
             at < static_cast<std::size_t>(begin[e + 1]); ++at) {
            body(static_cast<std::size_t>(synapses[at]));
        }
    }

    /// Calls body(input, first entry, entry after the last) for each input that has entries.
    template <class Body>
    void for_inputs(const Body& body) const {
        const std::size_t n = input.size();
        for (std::size_t first = 0, end = 0; first < n; first = end) {
            while (end < n && input[end] == input[first]) ++end;
            body(std::int64_t{input[first]}, first, end);
        }
    }
};

/// Everything of an ElmScanModel that the kernels read, derived once.
template <class Real>
struct ElmScanWeights {
    Device device;
    int n_input = 0, n_branch = 0, n_synapse_per_branch = 0, n_memory = 0, n_output = 0;
    HiddenUnit hidden_unit = HiddenUnit::relu;
    bool spike_table = false, trace_per_synapse = false;
    int unit_lanes = lanes::unit_lanes<Real>;  // of the layers
    std::vector<Real> input_sign;

    // One row of `table_width` values per input channel, sign included; padded with zeros.
    int branch_width = 0, drive_width = 0;
    lanes::AlignedVector<Real> branch_table, drive_table;
    lanes::AlignedVector<Real> branch_decay, drive_decay;  // (width): kappa_b
    lanes::AlignedVector<Real> drive_bias;                 // (width): bias of the first layer
    BranchEntries<Real> entries;
    SynapseTargets<Real> targets;  // only with traces per synapse
    lanes::AlignedVector<Real> synapse_decay;

    std::vector<lanes::PackedLayer<Real>> layers;
    lanes::PackedLayer<Real> readout;
    lanes::AlignedVector<Real> memory_decay, memory_gain;  // padded with zeros

    ElmScanDevice<Real> on_device;  // filled instead of the tables and layers above
};

/// Gives packed weights without a spike table other parameters, in parts that do not depend on each
/// other: 0 to repack_parts(weights) - 1. No memory is taken.
template <class Real>
std::int64_t repack_parts(const ElmScanWeights<Real>& weights) {
    return static_cast<std::int64_t>(weights.layers.size()) + 2;
}
template <class Real, class Number>
void repack_part(ElmScanWeights<Real>& weights, const ElmParameters<const Number*>& parameters,
                 std::int64_t part);
template <class Real, class Number>
void repack_elm_scan(ElmScanWeights<Real>& weights,
                     const ElmParameters<const Number*>& parameters) {
    for (std::int64_t part = 0; part < repack_parts(weights); ++part) {
        repack_part(weights, parameters, part);
    }
}

}  // namespace elm

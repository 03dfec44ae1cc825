#pragma once

#include <vector>

#include "kernels/ops/elm/cpu/layer.h"
#include "kernels/ops/elm/cuda/scan_device.h"
#include "kernels/ops/elm/scan.h"

namespace elm {

/// Synapses of each input channel, in compressed rows: for traces that live on synapses.
template <class Real>
struct SynapseTargets {
    std::vector<std::int64_t> begin;    // (n_input + 1)
    std::vector<std::int32_t> synapse;  // index into the synapse traces
    std::vector<Real> weight;           // weight times the sign of the input
};

/// Everything of an ElmScanModel that the kernels read, derived once.
template <class Real>
struct ElmScanWeights {
    Device device;
    int n_input = 0, n_branch = 0, n_synapse_per_branch = 0, n_memory = 0, n_output = 0;
    HiddenUnit hidden_unit = HiddenUnit::relu;
    bool spike_table = false, trace_per_synapse = false;
    std::vector<Real> input_sign;

    // One row of `table_width` values per input channel, sign included; padded with zeros.
    int branch_width = 0, drive_width = 0;
    lanes::AlignedVector<Real> branch_table, drive_table;
    lanes::AlignedVector<Real> branch_decay, drive_decay;  // (width): kappa_b
    lanes::AlignedVector<Real> drive_bias;                 // (width): bias of the first layer
    SynapseTargets<Real> targets;                          // only with traces per synapse
    lanes::AlignedVector<Real> synapse_decay;

    std::vector<lanes::PackedLayer<Real>> layers;
    lanes::PackedLayer<Real> readout;
    lanes::AlignedVector<Real> memory_decay, memory_gain;  // padded with zeros

    ElmScanDevice<Real> on_device;  // filled instead of the tables and layers above
};

}  // namespace elm

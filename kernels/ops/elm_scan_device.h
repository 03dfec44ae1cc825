#pragma once

#include <cstdint>
#include <vector>

#include "kernels/ops/elm_scan.h"

namespace elm {

/// The packed model in the memory of a CUDA device. Layers are column by column, (n_in, n_out), so
/// that neighbouring threads read neighbouring units.
template <class Real>
struct ElmScanDevice {
    struct Layer {
        std::int64_t weight = 0;  // offset in `values`; the bias, n_out values, follows the weights
        int n_in = 0, n_out = 0;
    };

    int n_input = 0, n_branch = 0, n_synapse_per_branch = 0, n_memory = 0, n_output = 0;
    HiddenUnit hidden_unit = HiddenUnit::relu;
    bool trace_per_synapse = false;
    Tensor values;                     // layers, then readout
    std::vector<Layer> layers;         // the network's, then the readout
    Tensor memory_decay, memory_gain;  // (d_m)
    Tensor trace_decay;                // (d_b) or (d_s)
    Tensor input_sign;                 // (n_input)
    std::vector<Real> host_sign;       // the same on the host
    Tensor branch_table;               // (n_input, d_b), sign included; with traces per branch
    Tensor synapse_input;              // (d_s) i32, -1: none; with traces per synapse
    Tensor synapse_weight;             // (d_s), sign included
};

template <class Real>
const ElmScanDevice<Real>& device_part(const ElmScanWeights<Real>& weights);

}  // namespace elm

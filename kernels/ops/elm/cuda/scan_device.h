#pragma once

#include <cstdint>
#include <vector>

#include "kernels/ops/elm/scan.h"

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

/// Values that the backward pass needs beside branches and memory; null data where it is not
/// wanted.
template <class Real>
struct ElmDeviceStores {
    View<Real, 4> hidden{}, slope{};  // (hidden layer, batch, time, h): value, derivative
    View<Real, 3> update{};           // (batch, time, d_m): phi(z)
};

struct ElmTensorWeights;  // elm_tensor_scan.h

/// Steps [begin, begin + n_steps) of the input on a CUDA device.
template <class Real>
struct ElmDeviceRun {
    const ElmScanDevice<Real>* model = nullptr;
    const SpikeTrain* spikes = nullptr;  // exactly one of spikes and input
    View<const Real, 3> input{};         // (batch, all steps, n_input)
    std::int64_t begin = 0, n_steps = 0;
    View<Real, 2> memory_state{};    // (batch, d_m), read and written
    View<Real, 2> trace_state{};     // (batch, d_b or d_s), likewise
    View<Real, 3> output{};          // (batch, all steps, d_out): steps from `begin`; or null data
    View<Real, 3> memory{};          // (batch, n_steps, d_m) or null data
    View<Real, 3> branches{};        // (batch, n_steps, d_b) or null data
    ElmDeviceStores<Real> stores{};  // only with memory
    const ElmTensorWeights* tensor = nullptr;  // float32 only: the recurrence on tensor cores
};

/// Defined in elm_scan.cu, where there is CUDA.
template <class Real>
void run_on_device(Stream& stream, const ElmDeviceRun<Real>& run);

/// Steps [begin, begin + n) of a train on a device, dense with the sign of each input, (batch, n,
/// n_input).
template <class Real>
Tensor signed_dense(Stream& stream, const SpikeTrain& spikes, std::int64_t begin, std::int64_t n,
                    const std::vector<Real>& sign);

/// The events of steps [begin, begin + n) of all samples on a device: row (sample, step) holds
/// units [row_begin[row], row_begin[row + 1]).
struct DeviceSpikes {
    Tensor row_begin, units;  // i32
};
DeviceSpikes upload_spikes(Stream& stream, const SpikeTrain& spikes, std::int64_t begin,
                           std::int64_t n);

}  // namespace elm

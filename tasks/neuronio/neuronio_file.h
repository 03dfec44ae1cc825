#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels/core/spike_train.h"

namespace elm {

class Hdf5File;

/// Ground truth of one simulation of a detailed cell, on a grid of 1 ms.
struct NeuronIoSimulation {
    std::string name;
    SpikeTrain input;                           // one sample, (steps, channels)
    std::vector<double> output_spike_times_ms;  // rising
    std::vector<double> soma_voltage_mV;        // one value per step, at the start of the step
};

/// A file of NeuronIO ground truth: root attributes num_segments and sim_duration_ms, one group
/// sim_NNNNN per simulation. The first half of the 2 num_segments input channels is excitatory.
/// Source of the layout's content: Beniaguev, Segev, London 2021,
/// doi:10.1016/j.neuron.2021.07.002.
class NeuronIoFile {
public:
    /// Throws Error{data} if the file is not there or is not such a file.
    explicit NeuronIoFile(const std::string& path);

    static bool is_neuronio(const Hdf5File& file);

    std::int64_t size() const noexcept { return static_cast<std::int64_t>(names_.size()); }
    std::int64_t n_channels() const noexcept { return n_channels_; }
    std::int64_t n_steps() const noexcept { return n_steps_; }
    const std::string& name(std::int64_t index) const {
        return names_[static_cast<std::size_t>(index)];
    }
    /// Sizes as the file states them, without reading what they count. Throw Error{data}.
    std::int64_t n_input_spikes(std::int64_t index) const;
    std::int64_t n_output_spikes(std::int64_t index) const;
    /// Reads and checks one simulation. Throws Error{data} naming file, dataset, index and value.
    NeuronIoSimulation read(std::int64_t index) const;

private:
    std::int64_t length_of(std::int64_t index, const char* dataset) const;

    std::shared_ptr<const Hdf5File> file_;
    std::vector<std::string> names_;
    std::int64_t n_channels_ = 0, n_steps_ = 0;
};

}  // namespace elm

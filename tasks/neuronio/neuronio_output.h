#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "neuron/elm/elm_output.h"
#include "tasks/neuronio/neuronio_file.h"

/// Targets of the outputs of a NeuronIO fit, whose meaning neuron/elm/elm_output.h tells.
namespace elm {

inline constexpr double voltage_clip_mV = -55.0;  // targets above it are cut
inline double target_above_bias(double voltage_mV) {
    return std::min(voltage_mV, voltage_clip_mV) - voltage_bias_mV;
}

/// 1 where the cell spikes, one entry per ms: the bin of time t is floor(t - 0.5), not below 0.
inline std::vector<std::uint8_t> spike_bins(const NeuronIoSimulation& simulation) {
    std::vector<std::uint8_t> bins(static_cast<std::size_t>(simulation.input.n_steps), 0);
    for (const double time : simulation.output_spike_times_ms) {
        bins[static_cast<std::size_t>(std::max(0.0, std::floor(time - 0.5)))] = 1;
    }
    return bins;
}

}  // namespace elm

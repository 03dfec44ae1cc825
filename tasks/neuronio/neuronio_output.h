#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tasks/neuronio/neuronio_file.h"

/// Meaning of the two outputs of a NeuronIO fit: y0 is the logit of a spike, y1 the soma voltage
/// above -67.7 mV in units of 10 mV. Source: Beniaguev, Segev, London 2021,
/// doi:10.1016/j.neuron.2021.07.002, and Spieler et al. 2024, arXiv 2306.16922.
namespace elm {

inline constexpr double voltage_bias_mV = -67.7;
inline constexpr double voltage_scale_mV = 10.0;
inline constexpr double voltage_clip_mV = -55.0;  // targets above it are cut

/// In the precision of the model: where logits of float32 coincide after it, they tie.
template <class Real>
double spike_probability(Real logit) {
    return static_cast<double>(Real(1) / (Real(1) + std::exp(-logit)));
}

inline double voltage_above_bias(double output) { return voltage_scale_mV * output; }
inline double predicted_voltage_mV(double output) {
    return voltage_above_bias(output) + voltage_bias_mV;
}
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

#pragma once

#include <cmath>

/// Meaning of the two outputs of a NeuronIO fit: y0 is the logit of a spike, y1 the soma voltage
/// above -67.7 mV in units of 10 mV. Source: Beniaguev, Segev, London 2021,
/// doi:10.1016/j.neuron.2021.07.002, and Spieler et al. 2024, arXiv 2306.16922.
namespace elm {

inline constexpr double voltage_bias_mV = -67.7;
inline constexpr double voltage_scale_mV = 10.0;

/// In the precision of the model: where logits of float32 coincide after it, they tie.
template <class Real>
double spike_probability(Real logit) {
    return static_cast<double>(Real(1) / (Real(1) + std::exp(-logit)));
}

inline double voltage_above_bias(double output) { return voltage_scale_mV * output; }
inline double predicted_voltage_mV(double output) {
    return voltage_above_bias(output) + voltage_bias_mV;
}

}  // namespace elm

#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

namespace elm::reference {

/// Numbers with their change along one direction of all inputs: derivatives forwards in time.
struct Dual {
    double value = 0, change = 0;
};
inline Dual operator+(Dual a, Dual b) { return {a.value + b.value, a.change + b.change}; }
inline Dual operator-(Dual a, Dual b) { return {a.value - b.value, a.change - b.change}; }
inline Dual operator*(Dual a, Dual b) {
    return {a.value * b.value, a.change * b.value + a.value * b.change};
}

struct NeuronScanSize {
    std::size_t batch, time, neurons;
};

struct NeuronScanSettings {
    bool subtracts = true, adapts = false, smooth = false, detach_reset = false;
    int refractory_steps = 0;
    std::function<double(double)> smooth_step, derivative;  // of the surrogate
};

/// Inputs: current (batch, time, neurons); decay, threshold, resting, reset, adaptation decay and
/// strength (neurons); the last three only where they have a meaning.
struct NeuronScanInputs {
    std::vector<Dual> current, decay, threshold, resting, reset, adaptation_decay,
        adaptation_strength;
};
struct NeuronScanOutputs {
    std::vector<Dual> voltage, spikes, distance;
};

inline NeuronScanOutputs neuron_scan(const NeuronScanInputs& in, const NeuronScanSize& size,
                                     const NeuronScanSettings& is) {
    const std::size_t count = size.batch * size.time * size.neurons;
    NeuronScanOutputs out{std::vector<Dual>(count), std::vector<Dual>(count),
                          std::vector<Dual>(count)};
    for (std::size_t b = 0; b < size.batch; ++b) {
        for (std::size_t n = 0; n < size.neurons; ++n) {
            Dual u = in.resting[n], z, a;
            int silent_for = 0;
            for (std::size_t t = 0; t < size.time; ++t) {
                const std::size_t at = (b * size.time + t) * size.neurons + n;
                const Dual reset_spike{z.value, is.detach_reset ? 0 : z.change};
                if (is.subtracts) {
                    u = in.resting[n] + in.decay[n] * (u - in.resting[n]) + in.current[at] -
                        reset_spike * in.threshold[n];
                } else if (silent_for > 0) {
                    u = in.reset[n];
                } else {
                    const Dual one{1, 0};
                    const Dual start = (one - reset_spike) * u + reset_spike * in.reset[n];
                    u = in.resting[n] + in.decay[n] * (start - in.resting[n]) + in.current[at];
                }
                Dual x = u - in.threshold[n];
                if (is.adapts) x = x - in.adaptation_strength[n] * a;
                if (is.smooth) {
                    z = {is.smooth_step(x.value), is.derivative(x.value) * x.change};
                } else if (silent_for > 0) {
                    z = {};
                    --silent_for;
                } else {
                    z = {x.value >= 0 ? 1.0 : 0.0, is.derivative(x.value) * x.change};
                    if (z.value == 1) silent_for = is.refractory_steps;
                }
                if (is.adapts) a = in.adaptation_decay[n] * a + z;
                out.voltage[at] = u;
                out.spikes[at] = z;
                out.distance[at] = x;
            }
        }
    }
    return out;
}

}  // namespace elm::reference

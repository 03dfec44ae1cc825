#pragma once

#include <cstdint>
#include <vector>

namespace elm::network {

/// Spikes of one population in order of time, those of equal times in order of neuron.
struct SpikeTrainOf {
    std::vector<double> times_ms;
    std::vector<std::uint32_t> neurons;

    void add(double time_ms, std::uint32_t neuron) {
        times_ms.push_back(time_ms);
        neurons.push_back(neuron);
    }
    std::int64_t size() const { return static_cast<std::int64_t>(times_ms.size()); }
};

/// Spikes of all populations.
using SpikeRecord = std::vector<SpikeTrainOf>;

/// States of the neurons of one TraceRequest, a row a step: (steps, states, neurons).
struct TraceRecord {
    std::int64_t n_states = 0, n_neurons = 0;
    std::vector<double> values;

    std::int64_t n_steps() const {
        const std::int64_t row = n_states * n_neurons;
        return row == 0 ? 0 : static_cast<std::int64_t>(values.size()) / row;
    }
    double at(std::int64_t step, std::int64_t state, std::int64_t neuron) const {
        return values[static_cast<std::size_t>((step * n_states + state) * n_neurons + neuron)];
    }
};

}  // namespace elm::network

#pragma once

// The Expressive Leaky Memory neuron as plain float64 loops, forward only: one sample, one step
// after another, one trace per synapse, nothing precomputed.
//
// Equations (Spieler, Rahaman, Martius, Schölkopf, Levina, The Expressive Leaky Memory Neuron, ICLR
// 2024, arXiv 2306.16922), with κ_x = exp(-Δt / max(τ_x, 1e-6 ms)), φ(x) = 1.7159 tanh(2x/3) and
// all states 0 at the start:
//   version 1:  s_t = κ_s s_{t-1} + w_s x_t          b_t = Σ_branch s_t
//   version 2:  b_t = κ_b b_{t-1} + Σ_branch (w_s x_t)
//   both:       Δm_t = φ(MLP([b_t, κ_m m_{t-1}]))    m_t = κ_m m_{t-1} + γ Δm_t
//               y_t = W_y m_t + c_y
//   version 1:  γ = λ (1 - κ_m)                      version 2:  γ = 1 - exp(-λ Δt / τ_m)
// x_t is the input routed to the synapses (0 where one is masked out); branch j owns synapses
// j * n_synapse_per_branch and following. The MLP has an activation after every layer but the last.

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <vector>

#include "tests/reference/hidden_unit_reference.h"

namespace elm::reference {

/// A fully connected layer; weight (out, in), bias (out).
struct Linear {
    int out = 0;
    int in = 0;
    std::vector<double> weight;
    std::vector<double> bias;
};

struct ElmParameters {
    int version = 1;  // 1 or 2
    int n_input = 0;
    int n_branch = 0;
    int n_synapse_per_branch = 0;
    int n_memory = 0;
    int n_output = 0;
    std::vector<int> routing;            // input of each synapse, -1 where it is masked out
    std::vector<double> synapse_weight;  // per synapse, already rectified: >= 0
    std::vector<double> synapse_tau;     // ms; version 1: per synapse, version 2: per branch
    std::vector<double> memory_tau;      // ms
    double lambda = 5.0;
    double delta_t = 1.0;  // ms
    HiddenUnit hidden_unit = relu_unit;
    std::vector<Linear> mlp;  // hidden layers, then the layer to n_memory
    Linear readout;
};

/// Shapes: branch (time, n_branch), memory (time, n_memory), output (time, n_output).
struct ElmTrace {
    std::vector<double> branch;
    std::vector<double> memory;
    std::vector<double> output;
};

inline std::vector<double> apply_linear(const Linear& layer, const std::vector<double>& input) {
    const auto n_out = static_cast<std::size_t>(layer.out);
    const auto n_in = static_cast<std::size_t>(layer.in);
    if (input.size() != n_in || layer.weight.size() != n_out * n_in || layer.bias.size() != n_out) {
        throw std::invalid_argument("elm reference: a layer does not fit its input");
    }
    std::vector<double> output(n_out);
    for (std::size_t row = 0; row < n_out; ++row) {
        double sum = layer.bias[row];
        for (std::size_t column = 0; column < n_in; ++column) {
            sum += layer.weight[row * n_in + column] * input[column];
        }
        output[row] = sum;
    }
    return output;
}

inline double decay_factor(double delta_t, double tau) {
    return std::exp(-delta_t / (tau > 1e-6 ? tau : 1e-6));
}

/// Runs one sample from zero state. Shapes: input (time, n_input), n_steps = time.
inline ElmTrace run_elm(const ElmParameters& elm, const double* input, int n_steps) {
    const auto n_input = static_cast<std::size_t>(elm.n_input);
    const auto n_branch = static_cast<std::size_t>(elm.n_branch);
    const auto n_per_branch = static_cast<std::size_t>(elm.n_synapse_per_branch);
    const auto n_memory = static_cast<std::size_t>(elm.n_memory);
    const std::size_t n_synapses = n_branch * n_per_branch;
    const bool per_synapse = elm.version == 1;
    if (elm.version != 1 && elm.version != 2) {
        throw std::invalid_argument("elm reference: the version must be 1 or 2");
    }
    if (elm.routing.size() != n_synapses || elm.synapse_weight.size() != n_synapses ||
        elm.synapse_tau.size() != (per_synapse ? n_synapses : n_branch) ||
        elm.memory_tau.size() != n_memory || elm.mlp.empty() ||
        elm.mlp.back().out != elm.n_memory || elm.readout.out != elm.n_output) {
        throw std::invalid_argument("elm reference: sizes do not fit together");
    }
    for (const int source : elm.routing) {
        if (source < -1 || source >= elm.n_input) {
            throw std::invalid_argument("elm reference: a synapse is routed outside the input");
        }
    }

    std::vector<double> synapse_trace(per_synapse ? n_synapses : 0, 0.0);
    std::vector<double> branch(n_branch, 0.0);
    std::vector<double> memory(n_memory, 0.0);
    ElmTrace trace;
    for (std::size_t step = 0; step < static_cast<std::size_t>(n_steps); ++step) {
        for (std::size_t j = 0; j < n_branch; ++j) {
            if (per_synapse) {
                branch[j] = 0.0;
            } else {
                branch[j] *= decay_factor(elm.delta_t, elm.synapse_tau[j]);
            }
            for (std::size_t i = j * n_per_branch; i < (j + 1) * n_per_branch; ++i) {
                const int source = elm.routing[i];
                const double x =
                    source < 0 ? 0.0 : input[step * n_input + static_cast<std::size_t>(source)];
                if (per_synapse) {
                    synapse_trace[i] =
                        decay_factor(elm.delta_t, elm.synapse_tau[i]) * synapse_trace[i] +
                        elm.synapse_weight[i] * x;
                    branch[j] += synapse_trace[i];
                } else {
                    branch[j] += elm.synapse_weight[i] * x;
                }
            }
        }

        std::vector<double> decayed(n_memory);
        for (std::size_t k = 0; k < n_memory; ++k) {
            decayed[k] = decay_factor(elm.delta_t, elm.memory_tau[k]) * memory[k];
        }
        std::vector<double> signal = branch;
        signal.insert(signal.end(), decayed.begin(), decayed.end());
        for (std::size_t layer = 0; layer < elm.mlp.size(); ++layer) {
            signal = apply_linear(elm.mlp[layer], signal);
            if (layer + 1 == elm.mlp.size()) break;
            for (double& value : signal) value = elm.hidden_unit.value(value);
        }
        for (std::size_t k = 0; k < n_memory; ++k) {
            const double gain =
                elm.version == 1 ? elm.lambda * (1.0 - decay_factor(elm.delta_t, elm.memory_tau[k]))
                                 : 1.0 - decay_factor(elm.lambda * elm.delta_t, elm.memory_tau[k]);
            memory[k] = decayed[k] + gain * 1.7159 * std::tanh(signal[k] * 2.0 / 3.0);
        }

        const std::vector<double> output = apply_linear(elm.readout, memory);
        trace.branch.insert(trace.branch.end(), branch.begin(), branch.end());
        trace.memory.insert(trace.memory.end(), memory.begin(), memory.end());
        trace.output.insert(trace.output.end(), output.begin(), output.end());
    }
    return trace;
}

}  // namespace elm::reference

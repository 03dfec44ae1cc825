#pragma once

// The ELM recurrence with its decay factors and gains given, as plain float64 loops: one
// sample, one step, one synapse after another.
//
//   s_t = kappa_s s_{t-1} + w_s x_t, b_t = sum over branch s_t      (a decay per synapse), or
//   b_t = kappa_b b_{t-1} + sum over branch w_s x_t                 (a decay per branch)
//   d_t = kappa_m m_{t-1}     m_t = d_t + gamma 1.7159 tanh(2 MLP[b_t, d_t] / 3)
//   y_t = W_y m_t + c_y
// x_t is the input that a synapse is routed to, 0 where it has none.
// Source: Spieler et al. 2024, arXiv 2306.16922.

#include <cmath>
#include <cstddef>
#include <vector>

#include "tests/reference/hidden_unit_reference.h"

namespace elm::reference {

struct ElmScan {
    std::size_t n_input = 1, n_branch = 1, n_synapse_per_branch = 1, n_memory = 1, n_output = 1;
    std::vector<std::size_t> hidden;  // width of each hidden layer
    std::vector<int> input_of_synapse;
    bool trace_per_synapse = false;
    HiddenUnit hidden_unit = relu_unit;
    std::vector<double> trace_decay;
};

/// `parameters`: synapse weights, memory decay, memory gain, weight and bias of each layer, weight
/// and bias of the readout; input (batch, time, n_input). Gives y (batch, time, n_output).
inline std::vector<double> elm_scan(const ElmScan& elm,
                                    const std::vector<std::vector<double>>& parameters,
                                    const std::vector<double>& input, std::size_t batch,
                                    std::size_t n_steps) {
    const std::size_t n_synapse = elm.n_branch * elm.n_synapse_per_branch;
    const auto linear = [](const std::vector<double>& weight, const std::vector<double>& bias,
                           const std::vector<double>& x) {
        std::vector<double> y = bias;
        for (std::size_t i = 0; i < y.size(); ++i) {
            for (std::size_t k = 0; k < x.size(); ++k) y[i] += weight[i * x.size() + k] * x[k];
        }
        return y;
    };
    std::vector<double> output;
    for (std::size_t sample = 0; sample < batch; ++sample) {
        std::vector<double> synapse(n_synapse), branch(elm.n_branch), memory(elm.n_memory);
        for (std::size_t t = 0; t < n_steps; ++t) {
            const double* x = &input[(sample * n_steps + t) * elm.n_input];
            for (std::size_t j = 0; j < elm.n_branch; ++j) {
                branch[j] *= elm.trace_per_synapse ? 0 : elm.trace_decay[j];
                for (std::size_t k = 0; k < elm.n_synapse_per_branch; ++k) {
                    const std::size_t s = j * elm.n_synapse_per_branch + k;
                    const int from = elm.input_of_synapse[s];
                    const double drive =
                        from < 0 ? 0 : parameters[0][s] * x[static_cast<std::size_t>(from)];
                    if (elm.trace_per_synapse) {
                        synapse[s] = elm.trace_decay[s] * synapse[s] + drive;
                        branch[j] += synapse[s];
                    } else {
                        branch[j] += drive;
                    }
                }
            }
            std::vector<double> signal = branch;
            for (std::size_t m = 0; m < elm.n_memory; ++m) {
                memory[m] *= parameters[1][m];
                signal.push_back(memory[m]);
            }
            for (std::size_t layer = 0; layer <= elm.hidden.size(); ++layer) {
                signal = linear(parameters[3 + 2 * layer], parameters[4 + 2 * layer], signal);
                if (layer == elm.hidden.size()) break;
                for (double& z : signal) z = elm.hidden_unit.value(z);
            }
            for (std::size_t m = 0; m < elm.n_memory; ++m) {
                memory[m] += parameters[2][m] * 1.7159 * std::tanh(2 * signal[m] / 3);
            }
            const std::size_t readout = 5 + 2 * elm.hidden.size();
            for (const double y : linear(parameters[readout], parameters[readout + 1], memory)) {
                output.push_back(y);
            }
        }
    }
    return output;
}

}  // namespace elm::reference

#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace elm::reference {

enum class ElmOutput { linear, relu, spike };

/// A layer of ELM neurons that hear each other, as its equations say it (layer_scan.h).
struct ElmLayerCase {
    std::size_t batch, time, neurons, branches, memories, hidden;
    double branch_decay, high_pass_decay;
    ElmOutput output;
    std::vector<std::int32_t> source, row;
};

struct ElmLayerResult {
    std::vector<double> activity, final_state, update_magnitude;
};

/// Shapes and orders as in ElmLayerScanArgs.
inline ElmLayerResult elm_layer(const ElmLayerCase& is, const std::vector<double>& branch_input,
                                const std::vector<double>& parameters,
                                const std::vector<double>& synapse_weight,
                                const std::vector<double>& initial,
                                const std::vector<double>& activity_gain) {
    const std::size_t N = is.neurons, D = is.branches, M = is.memories, H = is.hidden, K = D + M;
    const std::size_t J = H > 0 ? H : K, state_size = (K + 2) * N;
    ElmLayerResult result{std::vector<double>(is.batch * is.time * N), initial,
                          std::vector<double>(is.batch * N)};
    for (std::size_t s = 0; s < is.batch; ++s) {
        double* const state = result.final_state.data() + s * state_size;
        double *const memory = state + D * N, *const filter = state + K * N;
        double* const activity = filter + N;
        for (std::size_t t = 0; t < is.time; ++t) {
            for (std::size_t i = 0; i < D * N; ++i) {
                state[i] = is.branch_decay * state[i] + branch_input[(s * is.time + t) * D * N + i];
            }
            for (std::size_t i = 0; i < is.source.size(); ++i) {
                const auto p = static_cast<std::size_t>(is.source[i]);
                state[is.row[i]] += synapse_weight[i] * activity[p] * activity_gain[s * N + p];
            }
            for (std::size_t n = 0; n < N; ++n) {
                std::size_t row = 0;
                const auto next = [&] { return parameters[row++ * N + n]; };
                std::vector<double> joined(K), inner, update(M);
                const std::size_t decay_row = H * K + H + M * J + M;
                for (std::size_t k = 0; k < K; ++k) {
                    joined[k] = state[k * N + n];
                    if (k >= D) joined[k] *= parameters[(decay_row + k - D) * N + n];
                }
                inner = joined;
                if (H > 0) {
                    inner.assign(H, 0);
                    for (double& z : inner) {
                        for (const double x : joined) z += next() * x;
                    }
                    for (double& z : inner) z = std::pow(std::max(z + next(), 0.0), 2);
                }
                for (double& z : update) {
                    for (const double x : inner) z += next() * x;
                }
                for (double& z : update) {
                    z += next();
                    result.update_magnitude[s * N + n] += std::abs(z);
                    z = 1.7159 * std::tanh(2 * z / 3);
                }
                row += M;  // the decays
                double readout = 0;
                for (std::size_t m = 0; m < M; ++m) {
                    memory[m * N + n] = joined[D + m] + next() * update[m];
                }
                for (std::size_t m = 0; m < M; ++m) readout += next() * memory[m * N + n];
                filter[n] = is.high_pass_decay * filter[n] + (1 - is.high_pass_decay) * readout;
                const double value = readout - filter[n] + next();
                activity[n] = is.output == ElmOutput::linear ? value
                              : is.output == ElmOutput::relu ? std::max(value, 0.0)
                              : value > 0                    ? 1
                                                             : 0;
                result.activity[(s * is.time + t) * N + n] = activity[n];
            }
        }
    }
    return result;
}

}  // namespace elm::reference

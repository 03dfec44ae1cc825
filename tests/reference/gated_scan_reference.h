#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace elm::reference {

struct GatedShape {
    std::size_t batch, time, units;
};

inline double logistic(double x) { return 1 / (1 + std::exp(-x)); }

/// weight (gates units, units) times state (units), plus bias, for one row.
inline double recurrent(const std::vector<double>& weight, const std::vector<double>& bias,
                        const std::vector<double>& state, std::size_t row) {
    double sum = bias[row];
    for (std::size_t k = 0; k < state.size(); ++k) sum += weight[row * state.size() + k] * state[k];
    return sum;
}

/// LSTM by naive loops, one sample after another. `in`: projected (batch, time, 4 units), weight
/// (4 units, units), bias (4 units), hidden (batch, units), cell (batch, units), gates in the order
/// i, f, g, o. Returns hidden states (batch, time, units), last hidden state, last cell.
inline std::vector<std::vector<double>> lstm(const std::vector<std::vector<double>>& in,
                                             const GatedShape& shape) {
    const std::size_t n = shape.units;
    std::vector<std::vector<double>> out(3);
    for (std::size_t sample = 0; sample < shape.batch; ++sample) {
        std::vector<double> h(n), c(n);
        for (std::size_t u = 0; u < n; ++u) {
            h[u] = in[3][sample * n + u];
            c[u] = in[4][sample * n + u];
        }
        for (std::size_t t = 0; t < shape.time; ++t) {
            const std::vector<double> before = h;
            const auto gate = [&](std::size_t number, std::size_t u) {
                const std::size_t row = number * n + u;
                return in[0][(sample * shape.time + t) * 4 * n + row] +
                       recurrent(in[1], in[2], before, row);
            };
            for (std::size_t u = 0; u < n; ++u) {
                c[u] = logistic(gate(1, u)) * c[u] + logistic(gate(0, u)) * std::tanh(gate(2, u));
                h[u] = logistic(gate(3, u)) * std::tanh(c[u]);
                out[0].push_back(h[u]);
            }
        }
        out[1].insert(out[1].end(), h.begin(), h.end());
        out[2].insert(out[2].end(), c.begin(), c.end());
    }
    return out;
}

/// GRU, likewise: projected (batch, time, 3 units), weight, bias, hidden; gates r, z, n. Returns
/// hidden states and the last one.
inline std::vector<std::vector<double>> gru(const std::vector<std::vector<double>>& in,
                                            const GatedShape& shape) {
    const std::size_t n = shape.units;
    std::vector<std::vector<double>> out(2);
    for (std::size_t sample = 0; sample < shape.batch; ++sample) {
        std::vector<double> h(n);
        for (std::size_t u = 0; u < n; ++u) h[u] = in[3][sample * n + u];
        for (std::size_t t = 0; t < shape.time; ++t) {
            const std::vector<double> before = h;
            const double* projected = in[0].data() + (sample * shape.time + t) * 3 * n;
            for (std::size_t u = 0; u < n; ++u) {
                const double r = logistic(projected[u] + recurrent(in[1], in[2], before, u));
                const double z =
                    logistic(projected[n + u] + recurrent(in[1], in[2], before, n + u));
                const double candidate = std::tanh(projected[2 * n + u] +
                                                   r * recurrent(in[1], in[2], before, 2 * n + u));
                h[u] = (1 - z) * candidate + z * before[u];
                out[0].push_back(h[u]);
            }
        }
        out[1].insert(out[1].end(), h.begin(), h.end());
    }
    return out;
}

}  // namespace elm::reference

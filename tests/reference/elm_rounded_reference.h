#pragma once

// The ELM recurrence with one hidden layer and traces per branch, forward and backward, as plain
// float64 loops in which the operands of the recurrence's products are rounded by a function:
//
//   z1 = c1 + r(W1b) r(b) + r(W1m) r(d)        a = act(z1)
//   z = c2 + r(W2) r(a)                        m = d + gamma phi(z), phi(z) = 1.7159 tanh(2 z / 3)
//   dz = g gamma phi'(z)                       dz1 = (r(W2)^T r(dz)) act'(z1)
//   g = kappa (g + r(W1m)^T r(dz1))            every other product exact

#include <cmath>
#include <functional>

#include "tests/reference/elm_scan_reference.h"

namespace elm::reference {

struct RoundedElm {
    std::vector<double> output;
    std::vector<std::vector<double>> gradients;  // of the parameters, then of the input
};

inline RoundedElm rounded_elm(const ElmScan& elm,
                              const std::vector<std::vector<double>>& parameters,
                              const std::vector<double>& input,
                              const std::vector<double>& output_gradient, std::size_t batch,
                              std::size_t n_steps, const std::function<double(double)>& r) {
    const std::size_t n_b = elm.n_branch, n_m = elm.n_memory, n_h = elm.hidden.at(0);
    const std::size_t n_x = n_b + n_m, n_y = elm.n_output, n_s = elm.n_synapse_per_branch;
    const auto &w_s = parameters[0], &kappa = parameters[1], &gamma = parameters[2],
               &w1 = parameters[3], &c1 = parameters[4], &w2 = parameters[5], &c2 = parameters[6],
               &w_y = parameters[7], &c_y = parameters[8];
    RoundedElm result;
    for (const auto& array : parameters) result.gradients.emplace_back(array.size());
    result.gradients.emplace_back(input.size());
    auto& grad = result.gradients;
    using Rows = std::vector<std::vector<double>>;
    for (std::size_t sample = 0; sample < batch; ++sample) {
        Rows b(n_steps, std::vector<double>(n_b)), m(n_steps + 1, std::vector<double>(n_m)),
            a(n_steps, std::vector<double>(n_h)), slope = a, phi(n_steps, std::vector<double>(n_m));
        for (std::size_t t = 0; t < n_steps; ++t) {
            for (std::size_t j = 0; j < n_b; ++j) {
                b[t][j] = t > 0 ? elm.trace_decay[j] * b[t - 1][j] : 0;
                for (std::size_t s = j * n_s; s < (j + 1) * n_s; ++s) {
                    const int from = elm.input_of_synapse[s];
                    if (from < 0) continue;
                    b[t][j] += w_s[s] * input[(sample * n_steps + t) * elm.n_input +
                                              static_cast<std::size_t>(from)];
                }
            }
            for (std::size_t i = 0; i < n_h; ++i) {
                double z = c1[i];
                for (std::size_t j = 0; j < n_b; ++j) z += r(w1[i * n_x + j]) * r(b[t][j]);
                for (std::size_t k = 0; k < n_m; ++k) {
                    z += r(w1[i * n_x + n_b + k]) * r(kappa[k] * m[t][k]);
                }
                a[t][i] = elm.hidden_unit.value(z);
                slope[t][i] = elm.hidden_unit.slope(z);
            }
            for (std::size_t k = 0; k < n_m; ++k) {
                double z = c2[k];
                for (std::size_t i = 0; i < n_h; ++i) z += r(w2[k * n_h + i]) * r(a[t][i]);
                phi[t][k] = 1.7159 * std::tanh(2 * z / 3);
                m[t + 1][k] = kappa[k] * m[t][k] + gamma[k] * phi[t][k];
            }
            for (std::size_t o = 0; o < n_y; ++o) {
                double y = c_y[o];
                for (std::size_t k = 0; k < n_m; ++k) y += w_y[o * n_m + k] * m[t + 1][k];
                result.output.push_back(y);
            }
        }
        std::vector<double> g(n_m), p(n_b);
        for (std::size_t t = n_steps; t-- > 0;) {
            std::vector<double> dz(n_m), dz1(n_h), next(n_m);
            for (std::size_t o = 0; o < n_y; ++o) {
                const double dy = output_gradient[(sample * n_steps + t) * n_y + o];
                for (std::size_t k = 0; k < n_m; ++k) {
                    g[k] += w_y[o * n_m + k] * dy;
                    grad[7][o * n_m + k] += dy * m[t + 1][k];
                }
                grad[8][o] += dy;
            }
            for (std::size_t k = 0; k < n_m; ++k) {
                const double tanh = phi[t][k] / 1.7159;
                dz[k] = g[k] * gamma[k] * 1.7159 * 2 / 3 * (1 - tanh * tanh);
                grad[2][k] += g[k] * phi[t][k];
                grad[6][k] += dz[k];
                for (std::size_t i = 0; i < n_h; ++i) grad[5][k * n_h + i] += dz[k] * a[t][i];
            }
            for (std::size_t i = 0; i < n_h; ++i) {
                for (std::size_t k = 0; k < n_m; ++k) dz1[i] += r(w2[k * n_h + i]) * r(dz[k]);
                dz1[i] *= slope[t][i];
                grad[4][i] += dz1[i];
                for (std::size_t j = 0; j < n_b; ++j) grad[3][i * n_x + j] += dz1[i] * b[t][j];
                for (std::size_t k = 0; k < n_m; ++k) {
                    grad[3][i * n_x + n_b + k] += dz1[i] * kappa[k] * m[t][k];
                }
            }
            for (std::size_t k = 0; k < n_m; ++k) {
                next[k] = g[k];
                for (std::size_t i = 0; i < n_h; ++i) {
                    next[k] += r(w1[i * n_x + n_b + k]) * r(dz1[i]);
                }
                grad[1][k] += m[t][k] * next[k];
                g[k] = kappa[k] * next[k];
            }
            for (std::size_t j = 0; j < n_b; ++j) {
                p[j] *= elm.trace_decay[j];
                for (std::size_t i = 0; i < n_h; ++i) p[j] += w1[i * n_x + j] * dz1[i];
                for (std::size_t s = j * n_s; s < (j + 1) * n_s; ++s) {
                    const int from = elm.input_of_synapse[s];
                    if (from < 0) continue;
                    const std::size_t x =
                        (sample * n_steps + t) * elm.n_input + static_cast<std::size_t>(from);
                    grad[0][s] += p[j] * input[x];
                    grad.back()[x] += p[j] * w_s[s];
                }
            }
        }
    }
    return result;
}

}  // namespace elm::reference

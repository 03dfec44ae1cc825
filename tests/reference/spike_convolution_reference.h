#pragma once

#include <cstddef>
#include <vector>

namespace elm::reference {

struct SpikeConvolutionSize {
    std::size_t batch, time, units, taps, outputs;
};

/// output[b][t][o] = bias[o] + sum over k <= t and units u of sign[u] counts[b][t - k][u]
/// weight[u][k][o]; an empty bias is 0, an empty sign 1.
inline std::vector<double> spike_convolution(const std::vector<double>& counts,
                                             const std::vector<double>& weight,
                                             const std::vector<double>& bias,
                                             const std::vector<double>& sign,
                                             const SpikeConvolutionSize& size) {
    std::vector<double> output;
    for (std::size_t b = 0; b < size.batch; ++b) {
        for (std::size_t t = 0; t < size.time; ++t) {
            for (std::size_t o = 0; o < size.outputs; ++o) {
                double sum = bias.empty() ? 0 : bias[o];
                for (std::size_t k = 0; k < size.taps && k <= t; ++k) {
                    for (std::size_t u = 0; u < size.units; ++u) {
                        sum += (sign.empty() ? 1 : sign[u]) *
                               counts[(b * size.time + t - k) * size.units + u] *
                               weight[(u * size.taps + k) * size.outputs + o];
                    }
                }
                output.push_back(sum);
            }
        }
    }
    return output;
}

}  // namespace elm::reference

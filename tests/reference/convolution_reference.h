#pragma once

#include <cstddef>
#include <vector>

namespace elm::reference {

struct ConvolutionSize {
    std::size_t batch, time, in, out, width, dilation;
};

/// output[b][t][o] = bias[o] + sum over i, lag of weight[o][i][width - 1 - lag]
/// input[b][t - lag dilation][i], as far as there are such steps; an empty bias is 0.
inline std::vector<double> convolution(const std::vector<double>& input,
                                       const std::vector<double>& weight,
                                       const std::vector<double>& bias,
                                       const ConvolutionSize& size) {
    std::vector<double> output;
    for (std::size_t b = 0; b < size.batch; ++b) {
        for (std::size_t t = 0; t < size.time; ++t) {
            for (std::size_t o = 0; o < size.out; ++o) {
                double sum = bias.empty() ? 0 : bias[o];
                for (std::size_t lag = 0; lag < size.width && lag * size.dilation <= t; ++lag) {
                    const std::size_t step = b * size.time + t - lag * size.dilation;
                    for (std::size_t i = 0; i < size.in; ++i) {
                        sum += weight[(o * size.in + i) * size.width + size.width - 1 - lag] *
                               input[step * size.in + i];
                    }
                }
                output.push_back(sum);
            }
        }
    }
    return output;
}

/// The same where feature f of the output sees feature f of the input alone; weight (features,
/// width).
inline std::vector<double> depthwise_convolution(const std::vector<double>& input,
                                                 const std::vector<double>& weight,
                                                 const std::vector<double>& bias,
                                                 const ConvolutionSize& size) {
    std::vector<double> full(size.in * size.in * size.width, 0.0);
    for (std::size_t f = 0; f < size.in; ++f) {
        for (std::size_t k = 0; k < size.width; ++k) {
            full[(f * size.in + f) * size.width + k] = weight[f * size.width + k];
        }
    }
    return convolution(input, full, bias, size);
}

}  // namespace elm::reference

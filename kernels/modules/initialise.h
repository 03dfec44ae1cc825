#pragma once

#include <cstdint>
#include <functional>

#include "kernels/core/random/random_key.h"
#include "kernels/core/tensor.h"

namespace elm {

/// Writes the initial values of a parameter; equal keys give equal values on every device.
using Initialiser = std::function<void(Stream&, const Tensor& values, const RandomKey&)>;

namespace initialise {

Initialiser constant(double value);
Initialiser uniform(double low, double high);
Initialiser normal(double mean, double standard_deviation);

/// Uniform in ±1/sqrt(fan_in), as torch.nn.Linear draws weight and bias: He et al. 2015,
/// arXiv 1502.01852, with a gain of sqrt(1/3). `fan_in` is the number of inputs of one output.
Initialiser uniform_fan_in(std::int64_t fan_in);

/// Time constants (ms) from `shortest` to `longest`, equally spaced in their logarithm, as the ELM
/// neuron spreads those of its memory: Spieler et al. 2024, arXiv 2306.16922. One element:
/// shortest.
Initialiser log_spaced(double shortest, double longest);

}  // namespace initialise
}  // namespace elm

#pragma once

#include <cstdint>
#include <vector>

#include "kernels/io/value.h"

/// Where models of NeuronIO begin, whichever of its samples they learn.
namespace elm {

/// A branched neuron, half of its inputs inhibitory, in the published proportions: 45 branches,
/// each with 100 synapses on a stretch that advances by 29 channels from branch to branch.
Values neuronio_suited_options(std::int64_t n_channels);

/// The readout begins at the rate of the data, on a grid of 1 ms: from log odds of 0 a small model
/// takes ten thousand updates to say that spikes are rare. Empty for a rate of 0.
std::vector<double> neuronio_readout_bias(double output_rate_hz);

}  // namespace elm

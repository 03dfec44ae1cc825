#pragma once

#include <cstddef>
#include <string>

#include "network/neurons/neuron_model.h"

namespace elm::network {

/// Channel of a neuron on which synapses of one sign act.
struct Channel {
    std::size_t input = 0;
    bool takes_magnitude = false;
};
/// `name` empty: the first channel for positive weights, the second for negative ones where it is
/// inhibitory. Conductances take the magnitude.
Channel channel_of(const NeuronModel& model, const std::string& name, bool negative);

}  // namespace elm::network

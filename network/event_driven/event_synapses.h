#pragma once

#include <cstdint>
#include <vector>

#include "network/connectivity/projection.h"

namespace elm::network {

/// A synapse with a delay off the grid. 24 bytes.
struct EventSynapse {
    double weight, delay_ms;
    std::uint32_t target;  // number of the neuron in the network
    std::uint32_t input;   // channel; onto an ELM neuron the input of its model
};

/// All synapses of a network by source.
class EventSynapses {
public:
    explicit EventSynapses(const NetworkDescription& network);

    const EventSynapse* begin(std::int64_t source) const {
        return synapses_.data() + begins_[static_cast<std::size_t>(source)];
    }
    const EventSynapse* end(std::int64_t source) const {
        return synapses_.data() + begins_[static_cast<std::size_t>(source) + 1];
    }
    std::int64_t size() const { return static_cast<std::int64_t>(synapses_.size()); }
    double longest_delay_ms() const { return longest_; }

private:
    std::vector<std::int64_t> begins_;
    std::vector<EventSynapse> synapses_;
    double longest_ = 0;
};

}  // namespace elm::network

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "network/description/network_description.h"

namespace elm::network {

class StateFile;

/// A synaptic event on its way.
struct Arrival {
    double time_ms, weight;
    std::uint32_t target;         // number of the neuron in the network
    std::uint32_t source, order;  // who sent it, by which of its synapses
    std::uint32_t input;          // channel; onto an ELM neuron the input of its model
};

struct ExactSpike {
    double time_ms;
    std::uint32_t id;  // number of the neuron in the network
};

/// Neurons of one model, each with a time of its own.
class EventPopulation {
public:
    virtual ~EventPopulation() = default;
    /// Takes the neurons, from number `first_id` on, to a time; arrivals on the way are sorted by
    /// neuron and time. Adds their spikes.
    virtual void run(std::uint32_t first_id, double end_ms, std::span<const Arrival> arrivals,
                     std::vector<ExactSpike>& spikes) = 0;
    virtual std::int64_t bytes() const = 0;
    /// All that the neurons go on from, under `name`.
    virtual void exchange(StateFile& state, const std::string& name) = 0;
};

/// Population p; Model is one of event_neurons.h.
template <class Model>
std::unique_ptr<EventPopulation> make_event_population(const NetworkDescription& network,
                                                       std::size_t p);

}  // namespace elm::network

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "network/description/network_description.h"
#include "network/recording/spike_record.h"

namespace elm::network {

class StateFile;

struct SynapseWeight {
    std::int64_t source, target;  // within their populations
    double weight;
};

/// A network in motion. Its spikes do not depend on the number of threads.
class Engine {
public:
    virtual ~Engine() = default;

    /// Simulates so many steps of the description's grid. Throws Error{numeric} naming population,
    /// neuron and time where a state stops being finite.
    virtual void advance(std::int64_t steps) = 0;
    virtual std::int64_t current_step() const = 0;

    /// Threads it uses, which are fewer than there are where a step has no work for all.
    virtual int n_threads() const = 0;
    virtual std::int64_t n_synapses() const = 0;
    /// Bytes of the synapses, and of everything else that grows with the network.
    virtual std::int64_t synapse_bytes() const = 0;
    virtual std::int64_t state_bytes() const = 0;
    /// Synaptic events that were delivered so far, those of Poisson inputs not counted.
    virtual std::int64_t n_events() const = 0;
    /// Bytes of spikes that this process got from others so far, and messages of all processes in
    /// which they came.
    virtual std::int64_t received_bytes() const { return 0; }
    virtual std::int64_t n_exchanges() const { return 0; }

    /// Everything so far, by population and by trace request.
    virtual const SpikeRecord& spikes() const = 0;
    virtual const std::vector<TraceRecord>& traces() const = 0;
    /// Weights of a plastic connection as they are now, by source and then target. A call for all
    /// processes of the run, all of which get them.
    virtual std::vector<SynapseWeight> weights(std::size_t connection) = 0;

    /// Saves all that the engine goes on from; or takes it up, before the first step, from one of
    /// the same network, after which the steps have the same bits, on any number of threads. Throws
    /// Error{data} for what does not fit.
    virtual void exchange_state(StateFile& state) = 0;
};

}  // namespace elm::network

#pragma once

#include <cstdint>
#include <vector>

#include "kernels/core/random/random_key.h"
#include "network/event_driven/event_population.h"
#include "network/time_stepped/poisson_counts.h"

namespace elm::network {

/// What comes from outside: Poisson inputs, and populations that are sources of spikes. Poisson
/// trains have a Poisson number of events in a step, at times drawn within it.
class EventSources {
public:
    explicit EventSources(const NetworkDescription& network);

    /// Adds the events of the Poisson inputs in a step; they come after those of other sources.
    void add_inputs(std::int64_t step, const std::vector<std::uint32_t>& first_ids,
                    std::vector<Arrival>& arrivals) const;
    /// Adds the spikes of source population p in a step.
    void spikes_of(std::size_t p, std::int64_t step, std::uint32_t first_id,
                   std::vector<ExactSpike>& spikes);
    /// Goes on behind what spikes_of() has told of the steps before `step`.
    void skip_to(std::int64_t step);

private:
    struct Input {
        PoissonCounts counts;
        RandomKey key;
        std::size_t population;
        std::int64_t first, last;
        double start_ms, stop_ms, weight;
        std::uint32_t channel;     // or the first of the inputs of an ELM model
        std::uint32_t n_synapses;  // of which each event draws one
    };
    struct Source {
        PoissonCounts counts{0};
        RandomKey key = {};
        std::int64_t size = 0;                                     // of a Poisson population
        std::vector<std::pair<double, std::int64_t>> spikes = {};  // of a list, in order
        std::size_t next = 0;
    };
    /// Times on the grid may lie some bits behind the end of their step.
    double end_of(std::int64_t step) const {
        return static_cast<double>(step + 1) * time_step_ms_ * (1 + 1e-12);
    }
    /// Calls body(neuron, time, number of the event in its step) for the events of neurons [first,
    /// last) in a step.
    template <class Body>
    void for_each_event(const PoissonCounts& counts, const RandomKey& key, std::int64_t step,
                        std::int64_t first, std::int64_t last, const Body& body) const;

    double time_step_ms_;
    std::vector<Input> inputs_;
    std::vector<Source> sources_;  // by population
};

}  // namespace elm::network

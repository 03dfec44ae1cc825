#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "network/time_stepped/elm_population.h"
#include "network/time_stepped/network_slice.h"
#include "network/time_stepped/poisson_counts.h"

namespace elm::network {

/// Throws Error{numeric}: the potential of a point neuron stopped being finite in `step`.
[[noreturn]] void refuse_not_finite(const Population& population, std::int64_t neuron,
                                    std::int64_t step, double time_step_ms);

/// What moves the neurons of a slice, but for synapses: their own equations, Poisson inputs,
/// currents; and the sources of spikes, which are no neurons.
template <class Real>
class SliceDrive {
public:
    /// Independent trains of events into neurons of the slice.
    struct Poisson {
        PoissonCounts counts;
        RandomKey key;
        std::size_t population;
        std::int64_t first, last;  // neurons of the slice that get it, from its first one
        std::int64_t start, stop;  // steps
        std::int64_t slot;
        std::int64_t stride, synapses;  // as in SynapseTarget
        std::vector<Real> weights;      // one for all, or one a neuron
    };
    /// Into all neurons of a population.
    struct Current {
        std::size_t population, input;
        std::int64_t start, stop;
        Real amplitude;
    };
    /// Of spikes: with `probability` in a step, or those that are listed.
    struct Source {
        double probability = 0;  // of a spike in a step
        RandomKey key;
        std::vector<std::pair<std::int64_t, std::int64_t>> spikes;  // step and neuron, in order
        std::size_t next = 0;
    };

    SliceDrive(const NetworkDescription& network, NetworkSlice<Real>& slice);

    /// Adds the events of the Poisson inputs that act in `step`.
    void add_poisson(std::int64_t step, NetworkSlice<Real>& slice) const;
    /// Advances the neurons of population p over `step`, lists the numbers of those that spike and
    /// returns how many. Throws Error{numeric}.
    std::int64_t step(std::size_t p, std::int64_t step, NetworkSlice<Real>& slice,
                      std::uint32_t* spikes);

    /// The ELM neurons of population p; null where the slice has none.
    ElmPopulation<Real>* elm(std::size_t p) { return elm_[p].get(); }

    const std::vector<Poisson>& poisson() const { return poisson_; }
    const std::vector<Current>& currents() const { return currents_; }
    const Source& source(std::size_t p) const { return sources_[p]; }

private:
    void add_input(const NetworkDescription& network, std::size_t index, NetworkSlice<Real>& slice);
    void add_to_synapses(const Poisson& poisson, std::int64_t step,
                         NetworkSlice<Real>& slice) const;
    void add_source(const NetworkDescription& network, std::size_t p,
                    const PopulationSlice<Real>& slice);
    std::int64_t step_source(std::size_t p, std::int64_t step, const PopulationSlice<Real>& slice,
                             std::uint32_t* spikes);

    double time_step_ms_;
    std::vector<Poisson> poisson_;
    std::vector<Current> currents_;
    std::vector<Source> sources_;                            // by population
    std::vector<std::unique_ptr<ElmPopulation<Real>>> elm_;  // by population; null for others
    std::vector<Real> levels_;
};

}  // namespace elm::network

#pragma once

#include <cstdint>

#include "kernels/core/random/random_key.h"
#include "kernels/core/stream.h"
#include "network/time_stepped/network_slice.h"
#include "neuron/elm/elm_neuron.h"

namespace elm::network {

/// The ELM neurons of one slice in motion: all of them are the samples of a batch, a step at a
/// time. The state of a neuron and its random numbers do not depend on the slice that it is in.
template <class Real>
class ElmPopulation {
public:
    /// Population `p` of the network.
    ElmPopulation(const NetworkDescription& network, std::size_t p,
                  const PopulationSlice<Real>& slice);

    /// Advances the neurons over `step` with what their inputs hold, which is zero then; lists the
    /// numbers of those that spike and returns how many. Throws Error{numeric}.
    std::int64_t step(std::int64_t step, PopulationSlice<Real>& slice, std::uint32_t* spikes);

    ElmState& state() { return state_; }

private:
    void clear_inputs(Real* inputs, std::int64_t count) const;
    double step_probability(Real logit) const;
    [[noreturn]] void refuse(std::int64_t step, const PopulationSlice<Real>& slice,
                             std::int64_t neuron) const;

    Stream stream_{Device{}};
    ElmNeuron neuron_;
    ElmState state_;
    Tensor output_;  // (neurons, 1, outputs)
    RandomKey key_;
    double time_step_ms_;
    double share_of_fit_step_;  // of the step that the model was fitted to, a step of the network
    bool draws_spikes_;
};

}  // namespace elm::network

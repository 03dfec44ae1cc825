#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "network/description/network_description.h"

namespace elm::network {

class StateFile;

/// Depression and facilitation of the synapses of one population. What is left of the resources and
/// how much of it a spike releases depend on the spikes of the source alone, so a neuron has one
/// state for all its synapses:
///
///     x <- 1 + (x - x u - 1) exp(-gap / tau_recovery)      x = 1, u = U before the first spike
///     u <- U + u (1 - U) exp(-gap / tau_facilitation)      both from the old x and u
///
/// and a spike transmits the weight times x u. Exact for gaps of any length; with a
/// tau_facilitation of 0, u is U.
/// Source: Maass & Markram 2002, doi:10.1016/S0893-6080(01)00144-7, after Markram, Wang & Tsodyks
/// 1998, doi:10.1073/pnas.95.9.5323; the form of NEST's tsodyks2_synapse.
class ShortTermState {
public:
    ShortTermState() = default;
    /// `population` has short-term plasticity.
    explicit ShortTermState(const Population& population);

    bool empty() const { return neurons_.empty(); }
    /// What a spike of a neuron transmits of the weights. Times of a neuron rise.
    double release(std::int64_t neuron, double time_ms);
    /// Under `name`.
    void exchange(StateFile& state, const std::string& name);

private:
    struct Neuron {
        double resources = 1, share = 0, last_ms = -1;  // x, u; before 0: no spike yet
    };
    ShortTermPlasticity rule_;
    std::vector<Neuron> neurons_;
};

/// The states of all populations; empty for those without.
std::vector<ShortTermState> short_term_states(const NetworkDescription& network);

}  // namespace elm::network

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
///
/// With a tau_current, resources are recovered x, active y, or neither z = 1 - x - y, and those
/// that act cannot be released again (x = 1, u = y = 0 before the first spike):
///
///     dy/dt = -y / tau_current   dz/dt = y / tau_current - z / tau_recovery   dx/dt = z /
///     tau_recovery du/dt = -u / tau_facilitation at a spike: u <- u + U (1 - u), then r = u x
///     moves from x to y and is transmitted
///
/// also exact between spikes.
/// Sources: Maass & Markram 2002, doi:10.1016/S0893-6080(01)00144-7, after Markram, Wang & Tsodyks
/// 1998, doi:10.1073/pnas.95.9.5323, the form of NEST's tsodyks2_synapse; three states: Tsodyks,
/// Uziel & Markram 2000, doi:10.1523/JNEUROSCI.20-01-j0003.2000, NEST's tsodyks_synapse.
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
        double active = 0;                              // y
    };
    double release_of_three(Neuron& state, double time_ms) const;

    ShortTermPlasticity rule_;
    std::vector<Neuron> neurons_;
};

/// The states of all populations; empty for those without.
std::vector<ShortTermState> short_term_states(const NetworkDescription& network);

}  // namespace elm::network

#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "network/description/network_description.h"

namespace elm::network {

/// What a pair of spikes does to a weight w >= 0. K: trace of the other side at that time.
///
///     bounded, x = w / largest:   potentiation x + rate (1 - x)^mu_plus K
///                                 depression   x - asymmetry rate x^mu_minus K,  cut to 0 .. 1
///     power law, x = w / unit:    potentiation x + rate x^mu_plus K
///                                 depression   x - asymmetry rate x K,           cut at 0
///
/// mu 0, 0: additive; 1, 1: multiplicative; 0, 1: van Rossum et al. 2000. Of inhibition, which
/// balances the input of a neuron,
///
///     balancing, x = w / largest: presynaptic x + rate K, cut to 1, then x - asymmetry rate, cut
///     to 0
///                                 postsynaptic x + rate K, cut to 1
///
/// with a target rate of asymmetry / (2 tau) for equal time constants.
/// Sources: Guetig et al. 2003, doi:10.1523/JNEUROSCI.23-09-03697.2003; power law: Morrison,
/// Aertsen & Diesmann 2007, doi:10.1162/neco.2007.19.6.1437; balancing: Vogels, Sprekeler et al.
/// 2011, doi:10.1126/science.1211095, with the cuts of NEST's vogels_sprekeler_synapse.
class StdpRule {
public:
    explicit StdpRule(const Stdp& stdp) : stdp_(stdp) {}

    double potentiated(double weight, double trace) const {
        const double unit = stdp_.unit_weight, x = weight / unit;
        if (stdp_.is_power_law) return unit * (x + stdp_.rate * std::pow(x, stdp_.mu_plus) * trace);
        const double slope = stdp_.is_balancing ? 1 : std::pow(1 - x, stdp_.mu_plus);
        return unit * std::min(1.0, x + stdp_.rate * slope * trace);
    }
    /// A presynaptic spike; `trace` 0: no postsynaptic one before it.
    double depressed(double weight, double trace) const {
        if (stdp_.is_balancing) {
            const double x = potentiated(weight, trace) / stdp_.unit_weight;
            return stdp_.unit_weight * std::max(0.0, x - stdp_.asymmetry * stdp_.rate);
        }
        if (trace == 0) return weight;
        const double unit = stdp_.unit_weight, x = weight / unit;
        const double fall = stdp_.asymmetry * stdp_.rate * trace;
        const double slope = stdp_.is_power_law ? x : std::pow(x, stdp_.mu_minus);
        return unit * std::max(0.0, x - fall * slope);
    }
    StdpPairs pairs() const { return stdp_.pairs; }
    /// A trace K just behind a spike, from what it was before.
    double behind_spike(double trace) const {
        return stdp_.pairs == StdpPairs::all ? trace + 1 : 1;
    }
    /// What a weight is cut to.
    double largest() const {
        return stdp_.is_power_law ? std::numeric_limits<double>::infinity() : stdp_.unit_weight;
    }
    /// A trace after a gap.
    double plus_after(double trace, double gap_ms) const {
        return trace * std::exp(-gap_ms / stdp_.tau_plus_ms);
    }
    double minus_after(double trace, double gap_ms) const {
        return trace * std::exp(-gap_ms / stdp_.tau_minus_ms);
    }

private:
    Stdp stdp_;
};

}  // namespace elm::network

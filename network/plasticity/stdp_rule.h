#pragma once

#include <algorithm>
#include <cmath>

#include "network/description/network_description.h"

namespace elm::network {

/// What a pair of spikes does to a weight w >= 0. K: trace of the other side at that time.
///
///     bounded, x = w / largest:   potentiation x + rate (1 - x)^mu_plus K
///                                 depression   x - asymmetry rate x^mu_minus K,  cut to 0 .. 1
///     power law, x = w / unit:    potentiation x + rate x^mu_plus K
///                                 depression   x - asymmetry rate x K,           cut at 0
///
/// mu 0, 0: additive; 1, 1: multiplicative; 0, 1: van Rossum et al. 2000.
/// Sources: Guetig et al. 2003, doi:10.1523/JNEUROSCI.23-09-03697.2003; power law: Morrison,
/// Aertsen & Diesmann 2007, doi:10.1162/neco.2007.19.6.1437.
class StdpRule {
public:
    explicit StdpRule(const Stdp& stdp) : stdp_(stdp) {}

    double potentiated(double weight, double trace) const {
        const double unit = stdp_.unit_weight, x = weight / unit;
        if (stdp_.is_power_law) return unit * (x + stdp_.rate * std::pow(x, stdp_.mu_plus) * trace);
        return unit * std::min(1.0, x + stdp_.rate * std::pow(1 - x, stdp_.mu_plus) * trace);
    }
    double depressed(double weight, double trace) const {
        const double unit = stdp_.unit_weight, x = weight / unit;
        const double fall = stdp_.asymmetry * stdp_.rate * trace;
        const double slope = stdp_.is_power_law ? x : std::pow(x, stdp_.mu_minus);
        return unit * std::max(0.0, x - fall * slope);
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

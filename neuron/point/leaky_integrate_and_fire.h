#pragma once

#include "kernels/core/host_device.h"

/// The membrane of a leaky integrate-and-fire neuron on a time grid, and its derivative.
///
///     u[t] = E + alpha (m[t-1] - E) + I[t] - s[t-1]        alpha = exp(-time step / tau_m)
///
///     reset to a value:      m = u without a spike z, V_r after one;  s = 0
///     reset by subtraction:  m = u;                                   s = theta z
///
/// u: voltage, which is compared with the threshold theta; E: resting potential; I: what the input
/// of one step adds to the voltage, in the unit of the voltage; z: 1 for a spike.
/// Sources: the exact solution for an input that is constant within a step, Rotter & Diesmann 1999,
/// doi:10.1007/s004220050570; reset by subtraction, one step after the spike and not decayed:
/// Bellec et al. 2020, doi:10.1038/s41467-020-17236-y.
namespace elm {

template <class Real>
struct LeakyIntegrateAndFire {
    Real decay;      // alpha
    Real resting;    // E
    Real threshold;  // theta
    Real reset;      // V_r
    bool subtracts;  // reset by subtraction; V_r has no meaning then

    /// u[t] from voltage u[t-1], spike z[t-1] and input I[t].
    ELM_HD Real step(Real voltage, Real spike, Real input) const {
        if (subtracts) return resting + decay * (voltage - resting) + input - threshold * spike;
        return resting + decay * (after_spike(voltage, spike) - resting) + input;
    }

    /// Derivatives of a loss with respect to what a step depends on.
    struct Gradient {
        Real voltage = 0, spike = 0;
        Real decay = 0, resting = 0, threshold = 0, reset = 0;
    };

    /// For `gradient`, that of u[t]; the input's is the same. Parameters add to what `result` has;
    /// voltage and spike are replaced.
    ELM_HD void step_gradient(Real voltage, Real spike, Real gradient, Gradient& result) const {
        result.resting += gradient * (1 - decay);
        if (subtracts) {
            result.decay += gradient * (voltage - resting);
            result.threshold -= gradient * spike;
            result.voltage = gradient * decay;
            result.spike = -gradient * threshold;
            return;
        }
        result.decay += gradient * (after_spike(voltage, spike) - resting);
        result.reset += gradient * decay * spike;
        result.voltage = gradient * decay * (1 - spike);
        result.spike = gradient * decay * (reset - voltage);
    }

private:
    ELM_HD Real after_spike(Real voltage, Real spike) const {
        return (1 - spike) * voltage + spike * reset;  // a whole spike leaves reset itself
    }
};

}  // namespace elm

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

/// `Lanes` has the type Value, a number or a vector of numbers of neighbouring neurons.
template <class Lanes>
struct LeakyIntegrateAndFire {
    using Value = typename Lanes::Value;
    Value decay;      // alpha
    Value resting;    // E
    Value threshold;  // theta
    Value reset;      // V_r
    bool subtracts;   // reset by subtraction; V_r has no meaning then

    /// u[t] from voltage u[t-1], spike z[t-1] and input I[t].
    ELM_HD Value step(Value voltage, Value spike, Value input) const {
        if (subtracts) return resting + decay * (voltage - resting) + input - threshold * spike;
        return resting + decay * (after_spike(voltage, spike) - resting) + input;
    }

    /// Derivatives of a loss with respect to what a step depends on.
    struct Gradient {
        Value voltage{}, spike{};
        Value decay{}, resting{}, threshold{}, reset{};
    };

    /// For `gradient`, that of u[t]; the input's is the same. Parameters add to what `result` has;
    /// voltage and spike are replaced.
    ELM_HD void step_gradient(Value voltage, Value spike, Value gradient, Gradient& result) const {
        result.resting += gradient * (Value{} + 1 - decay);
        if (subtracts) {
            result.decay += gradient * (voltage - resting);
            result.threshold -= gradient * spike;
            result.voltage = gradient * decay;
            result.spike = -gradient * threshold;
            return;
        }
        result.decay += gradient * (after_spike(voltage, spike) - resting);
        result.reset += gradient * decay * spike;
        result.voltage = gradient * decay * (Value{} + 1 - spike);
        result.spike = gradient * decay * (reset - voltage);
    }

private:
    ELM_HD Value after_spike(Value voltage, Value spike) const {
        return (Value{} + 1 - spike) * voltage +
               spike * reset;  // a whole spike leaves reset itself
    }
};

}  // namespace elm

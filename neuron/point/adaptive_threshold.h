#pragma once

#include "kernels/core/host_device.h"

/// A threshold that rises with each spike of the neuron and decays, and its derivative.
///
///     A[t] = theta + beta a[t]
///     a[t+1] = rho a[t] + z[t],  a[0] = 0                  rho = exp(-time step / tau_a)
///
/// A: threshold at step t; theta: without spikes; z: 1 for a spike. With the membrane of
/// leaky_integrate_and_fire.h and reset by subtraction of theta this is the ALIF neuron of an LSNN.
/// Source: Bellec et al. 2018, arXiv 1803.09574; 2020, doi:10.1038/s41467-020-17236-y.
/// The earlier form a[t+1] = rho a[t] + (1 - rho) z[t] has a strength of beta / (1 - rho).
namespace elm {

/// `Lanes` has the type Value, a number or a vector of numbers of neighbouring neurons.
template <class Lanes>
struct AdaptiveThreshold {
    using Value = typename Lanes::Value;
    Value decay;     // rho
    Value strength;  // beta, in the unit of the voltage

    ELM_HD Value threshold(Value resting_threshold, Value adaptation) const {
        return resting_threshold + strength * adaptation;
    }
    ELM_HD Value step(Value adaptation, Value spike) const { return decay * adaptation + spike; }

    struct Gradient {
        Value adaptation{};  // of a[t + 1] before step_gradient, of a[t] after it
        Value decay{}, strength{};
    };

    /// `gradient` is that of A[t]; the spike's share, result.adaptation, must be taken before.
    ELM_HD void step_gradient(Value adaptation, Value gradient, Gradient& result) const {
        result.strength += gradient * adaptation;
        result.decay += result.adaptation * adaptation;
        result.adaptation = result.adaptation * decay + gradient * strength;
    }
};

}  // namespace elm

#pragma once

#include <cmath>

#include "kernels/core/simd/lanes.h"

namespace elm::cochlea {

/// The bushy cell of a channel: a leaky integrate-and-fire neuron driven by the releases of its
/// sites, each a jump of its current. Threshold 1, resting and reset potential 0.
///   in every step but the first:   refractory: v = 0
///                                  else v < 1: v = v e^(-dt / tau_mem)
///                                  else:       v = 0, refractory for T steps, spike one step ago
///                                  I = I e^(-dt / tau_syn)
///   then:   I = I + releases;   not refractory: v = min(v + W dt I, 1);   refractory time - 1
/// with tau_mem 1 ms, tau_syn 0.5 ms, T = 1 ms / dt, W = 13000 / 40 sites = 325 per s. A channel in
/// each lane. Source: Cramer et al. 2020, doi:10.1109/TNNLS.2020.3044364.
template <class Real, int N>
class BushyCell {
public:
    using V = lanes::Vec<Real, N>;

    static constexpr double tau_membrane_s = 1e-3, tau_synapse_s = 5e-4, dead_time_s = 1e-3;
    static constexpr double weight = 13e3 / 40;  // 1/s

    explicit BushyCell(double step_s)
        : leak_(static_cast<Real>(std::exp(-step_s / tau_membrane_s))),
          decay_(static_cast<Real>(std::exp(-step_s / tau_synapse_s))),
          jump_(static_cast<Real>(weight * step_s)),
          dead_steps_(static_cast<Real>(dead_time_s / step_s)) {}

    /// Takes one step with the releases of all sites; a lane is 1 where the step before had a
    /// spike, else 0.
    ELM_INLINE V step(const V& releases) {
        const V zero{}, one = zero + Real(1);
        const V is_free = refractory_ <= zero ? one : zero;
        const V spike = potential_ >= one ? is_free : zero;
        // At the first step all is 0, and so are these.
        potential_ = potential_ * leak_ * (is_free - spike);
        refractory_ = spike > zero ? zero + dead_steps_ : refractory_;
        current_ = lanes::multiply_add<Real, N>(decay_, current_, releases);
        const V raised = lanes::multiply_add<Real, N>(jump_, current_, potential_);
        const V next = refractory_ <= zero ? raised : potential_;
        potential_ = next < one ? next : one;
        refractory_ = refractory_ - one;
        return spike;
    }

    /// After the last step.
    const V& potential() const noexcept { return potential_; }

private:
    Real leak_, decay_, jump_, dead_steps_;
    V potential_{}, current_{}, refractory_{};
};

}  // namespace elm::cochlea

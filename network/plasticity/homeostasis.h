#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "network/description/network_description.h"

namespace elm::network {

/// What a neuron spiked since its weights were scaled last: a low-pass estimate r of its rate, in
/// spikes/ms.
///
///     dr/dt = -r / tau,   r jumps by 1 / tau at a spike
struct RateEstimate {
    double rate = 0;    // just behind `step`
    double before = 0;  // at the last scaling
    std::int64_t step = 0;
    std::int64_t n_spikes = 0;  // since then
};

/// The factor that the weights w of all synapses of a connection onto one neuron get, once every
/// period:
///
///     normalise   w <- w total / sum of w             (neurons whose weights are all 0 keep them)
///     scale       dw/dt = gain w (target - r),        exact over the period T:
///                 w <- w exp(gain (target T - n + tau (r_end - r_begin))),   n: spikes in it
///
/// since the integral of r over it is n - tau (r_end - r_begin).
/// Sources: normalisation as in Diehl & Cook 2015, doi:10.3389/fncom.2015.00099, by time instead of
/// by sample; scaling: Turrigiano et al. 1998, doi:10.1038/36103, in the form of van Rossum et al.
/// 2000, doi:10.1523/JNEUROSCI.20-23-08812.2000.
class HomeostasisRule {
public:
    HomeostasisRule(const Homeostasis& homeostasis, double time_step_ms)
        : homeostasis_(homeostasis),
          time_step_ms_(time_step_ms),
          period_(std::max<std::int64_t>(1, std::llround(homeostasis.every_ms / time_step_ms))) {}

    /// Weights are scaled at the end of this step.
    bool is_due(std::int64_t step) const { return (step + 1) % period_ == 0; }
    bool needs_rates() const { return homeostasis_.rule == Homeostasis::Rule::scale; }

    /// The neuron spiked at the end of `step`.
    void spike(RateEstimate& estimate, std::int64_t step) const {
        move(estimate, step);
        estimate.rate += 1 / homeostasis_.tau_ms;
        ++estimate.n_spikes;
    }
    double normalising(double sum) const { return sum > 0 ? homeostasis_.total / sum : 1; }
    /// At the end of `step`; the next period begins there.
    double scaling(RateEstimate& estimate, std::int64_t step) const {
        move(estimate, step);
        const double expected =
            homeostasis_.target_rate_hz / 1000 * static_cast<double>(period_) * time_step_ms_;
        const double integral = static_cast<double>(estimate.n_spikes) -
                                homeostasis_.tau_ms * (estimate.rate - estimate.before);
        estimate.before = estimate.rate;
        estimate.n_spikes = 0;
        return std::exp(homeostasis_.gain * (expected - integral));
    }

private:
    /// To the end of `step`. The network begins at the end of step -1.
    void move(RateEstimate& estimate, std::int64_t step) const {
        const auto gap = static_cast<double>(step + 1 - estimate.step) * time_step_ms_;
        estimate.rate *= std::exp(-gap / homeostasis_.tau_ms);
        estimate.step = step + 1;
    }

    Homeostasis homeostasis_;
    double time_step_ms_;
    std::int64_t period_;  // steps
};

}  // namespace elm::network

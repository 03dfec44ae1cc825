#pragma once

#include <cstdint>

#include "kernels/core/host_device.h"
#include "kernels/ops/spiking/surrogate.h"

/// Spiking units of a recurrent network, one step at a time:
///
///     I[t] = x[t] + W z[t-1]                               current: input, and spikes of all units
///     u[t] = alpha v[t-1] + (1 - alpha) (I[t] - c[t-1])    membrane
///     z[t] = 1 if u[t] >= A[t-1], else 0                   spike
///     v[t] = u[t] - theta z[t], or u[t] (1 - z[t])         membrane after the reset
///     w[t] = rho w[t-1] + a v[t] + b z[t]                  adaptation
///
/// | adaptation | c | A         | a   | is |
/// | none       | 0 | theta     |     | leaky integrate-and-fire |
/// | threshold  | 0 | theta + w | 0   | ALIF, the adaptive units of an LSNN |
/// | current    | w | theta     | any | AdLIF: w is taken from the current; a couples it to v |
///
/// Symbols: alpha = exp(-1 / tau_m), below 1, and rho = exp(-1 / tau_w), time constants in steps;
/// theta the threshold, rest is 0; a coupling, b jump at a spike. All are values of a unit.
/// The membrane and w of AdLIF are symplectic Euler steps: w hears the new v. Without spikes they
/// are stable for -(1 - rho) < a < (1 + alpha)(1 + rho) / (1 - alpha).
///
/// Sources: ALIF, Bellec et al. 2018, arXiv 1803.09574, where beta is b and the reset, of one step
/// later, escapes the decay. AdLIF, Bittar & Garner 2022, doi:10.3389/fnins.2022.865897, and in the
/// symplectic form Baronig et al. 2025, arXiv 2408.07517, whose a and b have the factor
/// (1 - rho) q.
namespace elm {

enum class SpikingAdaptation : std::uint8_t { none, threshold, current };

/// Values of a unit in the order in which kernels have them.
enum class SpikingCoefficient : std::uint8_t {
    decay,             // alpha
    threshold,         // theta
    adaptation_decay,  // rho
    jump,              // b
    coupling           // a
};
inline constexpr int spiking_coefficients = 5;

/// How many of them units have.
ELM_HD constexpr int spiking_coefficient_count(SpikingAdaptation adaptation) {
    if (adaptation == SpikingAdaptation::none) return 2;
    return adaptation == SpikingAdaptation::threshold ? 4 : 5;
}

/// Calls body.operator()<adaptation>().
template <class Body>
void with_spiking_adaptation(SpikingAdaptation adaptation, const Body& body) {
    switch (adaptation) {
        case SpikingAdaptation::none:
            return body.template operator()<SpikingAdaptation::none>();
        case SpikingAdaptation::threshold:
            return body.template operator()<SpikingAdaptation::threshold>();
        case SpikingAdaptation::current:
            return body.template operator()<SpikingAdaptation::current>();
    }
}

/// Rows of a state: spike, membrane after the reset and, where there is one, adaptation.
ELM_HD constexpr std::int64_t spiking_state_rows(SpikingAdaptation adaptation) {
    return adaptation == SpikingAdaptation::none ? 2 : 3;
}

/// How units spike, and what their gradient does.
template <class Real>
struct SpikingRuleOf {
    SpikingAdaptation adaptation = SpikingAdaptation::none;
    SurrogateOf<Real> surrogate = {};
    bool reset_to_zero = false;  // else the threshold is subtracted
    bool detach_reset = false;   // no gradient through the spike in the reset
    bool smooth = false;         // spikes are the surrogate's smooth step, not 0 or 1
};
using SpikingRule = SpikingRuleOf<double>;

}  // namespace elm

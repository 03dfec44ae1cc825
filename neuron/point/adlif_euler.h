#pragma once

#include "neuron/point/adlif.h"

/// The neuron of adlif.h by forward Euler steps: w sees the old potential and the old spike.
///
///     u[t] = E + alpha (m[t-1] - E) + (1 - alpha) (R I[t] - w[t-1])
///     w[t] = beta w[t-1] + (1 - beta) a (m[t-1] - E) + b z[t-1]
///
/// Its amplitude grows where a is large for the time step; adlif.h stays stable there.
/// Source: Baronig et al. 2025, arXiv 2408.07517, its Euler-forward form.
namespace elm {

struct AdlifEuler : AdlifEquations {
    static constexpr const char* name = "adlif_euler";
    static constexpr const char* summary = "leaky with adaptation, forward Euler steps";
    static constexpr const char* source = "Baronig et al. 2025, arXiv 2408.07517";

    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void integrate(const Coefficients<V>& c, ResetKind reset, State<V>& s,
                                 const V& spike, const Input<V>& input) {
        const V potential = next_potential(c, reset, s, spike, input);
        s.adaptation = next_adaptation(c, s.adaptation, s.membrane_potential, spike);
        s.membrane_potential = potential;
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void after_spike(const Coefficients<V>& c, ResetKind reset, State<V>& s,
                                   const V& spike) {
        s.membrane_potential = after_reset(c, reset, s.membrane_potential, spike);
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static V after_spike_gradient(const Coefficients<V>& c, ResetKind reset,
                                         const State<V>& s, const V& spike, State<V>& gradient,
                                         Coefficients<V>& sums) {
        return after_reset_gradient(c, reset, s.membrane_potential, spike, gradient, sums);
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static IntegrateGradient<V> integrate_gradient(const Coefficients<V>& c, ResetKind reset,
                                                          const State<V>& s, const V& spike,
                                                          const Input<V>& input, State<V>& gradient,
                                                          Coefficients<V>& sums) {
        const V of_potential = gradient.membrane_potential, of_adaptation = gradient.adaptation;
        next_adaptation_gradient(c, s.adaptation, s.membrane_potential, spike, of_adaptation, sums);
        gradient.adaptation = of_adaptation * c.adaptation_decay;
        IntegrateGradient<V> result =
            next_potential_gradient(c, reset, s, spike, input, of_potential, gradient, sums);
        gradient.membrane_potential += of_adaptation * c.adaptation_coupling;
        result.spike += of_adaptation * c.adaptation_jump;
        return result;
    }
};
using adlif_euler_neuron = AdlifEuler;  // by which neurons.def finds it

static_assert(PointNeuron<AdlifEuler> && TrainableNeuron<AdlifEuler>);

}  // namespace elm

#pragma once

#include "kernels/ops/spiking/spiking_unit.h"

/// One step of the units of spiking_unit.h and its derivative. `Functions` has the type Value, a
/// number or a vector of lanes of type Real, the function select and exp of it, and the smooth step
/// of a surrogate.
namespace elm {

/// State of units after a step.
template <class V>
struct SpikingUnitState {
    V spike, membrane, adaptation;
};

/// Gradients of a unit: of its state after a step, then of that before it, where of the spike only
/// what does not go through the recurrent product.
template <class V>
struct SpikingUnitGradient {
    V spike, membrane, adaptation;
};

template <class Real, class Functions, SpikingAdaptation adaptation>
struct SpikingUnit {
    using V = typename Functions::Value;
    using State = SpikingUnitState<V>;
    static constexpr bool adapts = adaptation != SpikingAdaptation::none;
    static constexpr bool of_threshold = adaptation == SpikingAdaptation::threshold;
    static constexpr bool of_current = adaptation == SpikingAdaptation::current;

    V coefficients[spiking_coefficients];

    ELM_HD const V& operator[](SpikingCoefficient which) const {
        return coefficients[static_cast<int>(which)];
    }

    ELM_HD V distance(const V& potential, const V& adaptation_before) const {
        const V above = potential - (*this)[SpikingCoefficient::threshold];
        return of_threshold ? V(above - adaptation_before) : above;
    }
    ELM_HD V after_reset(const SpikingRuleOf<Real>& rule, const V& potential,
                         const V& spike) const {
        if (rule.reset_to_zero) return potential * (Real(1) - spike);
        return potential - (*this)[SpikingCoefficient::threshold] * spike;
    }

    /// Advances the state by one step and returns the potential u that met the threshold.
    ELM_HD V forward(const SpikingRuleOf<Real>& rule, const V& current, State& state) const {
        const V zero{}, one = zero + Real(1);
        const V& decay = (*this)[SpikingCoefficient::decay];
        const V driven = of_current ? V(current - state.adaptation) : current;
        const V potential = decay * state.membrane + (one - decay) * driven;
        const V above = distance(potential, state.adaptation);
        // What is not a number is neither above nor below, and stays.
        if (rule.smooth) {
            state.spike = Functions::smooth_step(rule.surrogate, above);
        } else {
            const V below = Functions::select(above < zero, zero, above);
            state.spike = Functions::select(above >= zero, one, below);
        }
        state.membrane = after_reset(rule, potential, state.spike);
        if constexpr (adapts) {
            state.adaptation = (*this)[SpikingCoefficient::adaptation_decay] * state.adaptation +
                               (*this)[SpikingCoefficient::jump] * state.spike;
        }
        if constexpr (of_current) {
            state.adaptation += (*this)[SpikingCoefficient::coupling] * state.membrane;
        }
        return potential;
    }

    /// One step back: from `gradient`, of the state after the step, whose spike has all that hear
    /// it, to that of the state before it; the result is that of the current. Adds to `sums`; that
    /// of the decay still lacks a division by 1 - decay.
    ELM_HD V backward(const SpikingRuleOf<Real>& rule, const V& potential, const V& spike,
                      const V& membrane_before, const V& adaptation_before,
                      SpikingUnitGradient<V>& gradient, V (&sums)[spiking_coefficients]) const {
        const auto sum = [&](SpikingCoefficient which) -> V& {
            return sums[static_cast<int>(which)];
        };
        const V& threshold = (*this)[SpikingCoefficient::threshold];
        const V& decay = (*this)[SpikingCoefficient::decay];
        V of_spike = gradient.spike, of_membrane = gradient.membrane, of_adaptation{};
        if constexpr (of_current) {
            sum(SpikingCoefficient::coupling) +=
                gradient.adaptation * after_reset(rule, potential, spike);
            of_membrane += gradient.adaptation * (*this)[SpikingCoefficient::coupling];
        }
        if constexpr (adapts) {
            sum(SpikingCoefficient::jump) += gradient.adaptation * spike;
            sum(SpikingCoefficient::adaptation_decay) += gradient.adaptation * adaptation_before;
            of_spike += gradient.adaptation * (*this)[SpikingCoefficient::jump];
            of_adaptation = gradient.adaptation * (*this)[SpikingCoefficient::adaptation_decay];
        }
        V of_potential = of_membrane;
        if (rule.reset_to_zero) {
            of_potential = of_membrane * (Real(1) - spike);
            if (!rule.detach_reset) of_spike -= of_membrane * potential;
        } else {
            sum(SpikingCoefficient::threshold) -= of_membrane * spike;
            if (!rule.detach_reset) of_spike -= of_membrane * threshold;
        }
        const V above = distance(potential, adaptation_before);
        const V of_distance = of_spike * rule.surrogate.template derivative_of<Functions>(above);
        of_potential += of_distance;
        sum(SpikingCoefficient::threshold) -= of_distance;
        if constexpr (of_threshold) of_adaptation -= of_distance;

        const V of_current_input = (Real(1) - decay) * of_potential;
        sum(SpikingCoefficient::decay) += of_potential * (membrane_before - potential);
        if constexpr (of_current) of_adaptation -= of_current_input;
        gradient = {V{}, decay * of_potential, of_adaptation};
        return of_current_input;
    }
};

}  // namespace elm

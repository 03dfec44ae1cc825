#pragma once

#include <cmath>

#include "neuron/point/exact_currents.h"
#include "neuron/point/lif_exponential.h"

/// Leaky integrate-and-fire neuron with synaptic currents of the shape of an alpha function.
///
///     dV/dt   = -(V - E_L) / tau_m + (I_e + I_i + I + I_0) / C
///     dI_x/dt = R_x - I_x / tau_x,  dR_x/dt = -R_x / tau_x;  a synaptic event adds its weight
///     times e / tau_x to R_x, so that its current has the weight as its peak, tau_x later
///
/// Symbols, units and reset as in lif_exponential.h. Integrated exactly.
/// Source: Rotter & Diesmann 1999, doi:10.1007/s004220050570, section 3.2; order of a step as in
/// NEST's iaf_psc_alpha.
namespace elm {

struct LifAlpha {
    static constexpr const char* name = "lif_alpha";
    static constexpr const char* summary = "leaky integrate-and-fire, alpha-shaped currents";
    static constexpr const char* source = "Rotter & Diesmann 1999, doi:10.1007/s004220050570";
    static constexpr bool exact = true;
    static constexpr bool uses_last_spike = false;
    static constexpr ResetKind resets[] = {ResetKind::to_value};

    static constexpr auto& parameters = LifExponential::parameters;
    template <class V>
    using Parameters = LifExponential::Parameters<V>;
    static constexpr const char* conflict(const Parameters<double>& p, ResetKind reset) {
        return LifExponential::conflict(p, reset);
    }

    static constexpr NeuronQuantity inputs[] = {
        {"excitatory", "nA", 0.1, "peak of an excitatory current"},
        {"inhibitory", "nA", -0.1, "peak of an inhibitory current"},
        LifExponential::inputs[2]};
    static constexpr InputDeposit deposits[] = {{2, 11}, {4, 12}, {}};
    template <class V>
    using Input = LifExponential::Input<V>;

    static constexpr NeuronQuantity states[] = {
        LifExponential::states[0],
        LifExponential::states[1],
        {"excitatory_rise", "nA/ms", 0.1, "of the excitatory current; 0 before the first step"},
        LifExponential::states[2],
        {"inhibitory_rise", "nA/ms", -0.1, "of the inhibitory current; 0 before the first step"}};
    template <class V>
    struct State {
        V membrane_potential, excitatory_current, excitatory_rise;
        V inhibitory_current, inhibitory_rise;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.membrane_potential);
            body(self.excitatory_current);
            body(self.excitatory_rise);
            body(self.inhibitory_current);
            body(self.inhibitory_rise);
        }
    };

    static constexpr NeuronCoefficient coefficients[] = {LifExponential::coefficients[0],
                                                         LifExponential::coefficients[1],
                                                         LifExponential::coefficients[2],
                                                         LifExponential::coefficients[3],
                                                         LifExponential::coefficients[4],
                                                         LifExponential::coefficients[5],
                                                         LifExponential::coefficients[6],
                                                         LifExponential::coefficients[7],
                                                         LifExponential::coefficients[8],
                                                         {"excitatory_rise_gain"},
                                                         {"inhibitory_rise_gain"},
                                                         {"excitatory_jump"},
                                                         {"inhibitory_jump"},
                                                         {"time_step"}};
    template <class V>
    struct Coefficients : LifExponential::Coefficients<V> {
        V excitatory_rise_gain, inhibitory_rise_gain;  // what V has of a rise, mV ms / nA
        V excitatory_jump, inhibitory_jump;            // e / tau, 1/ms
        V time_step;                                   // ms
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            LifExponential::Coefficients<V>::each(self, body);
            body(self.excitatory_rise_gain);
            body(self.inhibitory_rise_gain);
            body(self.excitatory_jump);
            body(self.inhibitory_jump);
            body(self.time_step);
        }
    };
    static Coefficients<double> coefficients_of(const Parameters<double>& p, double time_step_ms) {
        const double c = p.membrane_capacitance, euler = std::exp(1.0);
        return {LifExponential::coefficients_of(p, time_step_ms),
                exact_currents::of_alpha_rise(time_step_ms, p.tau_m, p.tau_excitatory, c),
                exact_currents::of_alpha_rise(time_step_ms, p.tau_m, p.tau_inhibitory, c),
                euler / p.tau_excitatory,
                euler / p.tau_inhibitory,
                time_step_ms};
    }

    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static State<V> initial(const Coefficients<V>& c) {
        return {c.resting, V{}, V{}, V{}, V{}};
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void integrate(const Coefficients<V>& c, ResetKind /*reset*/, State<V>& s,
                                 const V& /*spike*/, const Input<V>& input) {
        s.membrane_potential =
            c.resting + c.decay * (s.membrane_potential - c.resting) +
            c.excitatory_gain * s.excitatory_current + c.inhibitory_gain * s.inhibitory_current +
            c.excitatory_rise_gain * s.excitatory_rise +
            c.inhibitory_rise_gain * s.inhibitory_rise + c.current_gain * input.current;
        s.excitatory_current =
            c.excitatory_decay * (s.excitatory_current + c.time_step * s.excitatory_rise);
        s.inhibitory_current =
            c.inhibitory_decay * (s.inhibitory_current + c.time_step * s.inhibitory_rise);
        s.excitatory_rise =
            c.excitatory_decay * s.excitatory_rise + c.excitatory_jump * input.excitatory;
        s.inhibitory_rise =
            c.inhibitory_decay * s.inhibitory_rise + c.inhibitory_jump * input.inhibitory;
    }
    template <class Lanes, class Mask, class V = typename Lanes::Value>
    ELM_HD static void hold(const Coefficients<V>& c, ResetKind /*reset*/, const Mask& refractory,
                            State<V>& state) {
        state.membrane_potential = Lanes::select(refractory, c.reset, state.membrane_potential);
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static V distance(const Coefficients<V>& c, const State<V>& state) {
        return state.membrane_potential - c.threshold;
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void after_spike(const Coefficients<V>& c, ResetKind /*reset*/, State<V>& state,
                                   const V& spike) {
        state.membrane_potential = Lanes::select(spike > V{}, c.reset, state.membrane_potential);
    }
};
using lif_alpha_neuron = LifAlpha;  // by which neurons.def finds it

static_assert(PointNeuron<LifAlpha> && DepositNeuron<LifAlpha>);

}  // namespace elm

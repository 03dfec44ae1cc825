#pragma once

#include <cmath>

#include "neuron/point/exact_currents.h"
#include "neuron/point/neuron.h"

/// Leaky integrate-and-fire neuron with exponentially decaying synaptic currents.
///
///     dV/dt   = -(V - E_L) / tau_m + (I_e + I_i + I + I_0) / C
///     dI_x/dt = -I_x / tau_x,  x = e (excitatory), i (inhibitory);  a synaptic event adds its
///     weight to I_e or I_i
///
/// V: membrane potential, mV; I: current from outside, constant within a step; I_0: constant
/// current; nA, nF, ms. Integrated exactly; events of a step act on V from the next one on. After a
/// spike V is V_r and stays there in refractory steps, while the currents go on.
/// Source: Rotter & Diesmann 1999, doi:10.1007/s004220050570; order of a step as in NEST's
/// iaf_psc_exp.
namespace elm {

struct LifExponential {
    static constexpr const char* name = "lif_exponential";
    static constexpr const char* summary = "leaky integrate-and-fire, exponential currents";
    static constexpr const char* source = "Rotter & Diesmann 1999, doi:10.1007/s004220050570";
    static constexpr bool exact = true;
    static constexpr bool uses_last_spike = false;
    static constexpr ResetKind resets[] = {ResetKind::to_value};

    /// Defaults: the cells of Potjans & Diesmann 2014, doi:10.1093/cercor/bhs358, table 5.
    static constexpr NeuronQuantity parameters[] = {
        {"tau_m", "ms", 10, "membrane time constant", 1e-3, 1e6},
        {"membrane_capacitance", "nF", 0.25, "charge that a potential needs", 1e-6, 1e6},
        {"resting_potential", "mV", -65, "potential without input", -1000, 1000},
        {"threshold", "mV", -50, "potential from which on the neuron spikes", -1000, 1000},
        {"reset_potential", "mV", -65, "potential after a spike", -1000, 1000},
        {"refractory_period", "ms", 2, "time after a spike without another", 0, 1e6},
        {"tau_excitatory", "ms", 0.5, "decay of the excitatory current", 1e-3, 1e6},
        {"tau_inhibitory", "ms", 0.5, "decay of the inhibitory current", 1e-3, 1e6},
        {"constant_current", "nA", 0, "current that always flows", -1000, 1000}};
    template <class V>
    struct Parameters {
        V tau_m, membrane_capacitance, resting_potential, threshold, reset_potential;
        V refractory_period, tau_excitatory, tau_inhibitory, constant_current;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.tau_m);
            body(self.membrane_capacitance);
            body(self.resting_potential);
            body(self.threshold);
            body(self.reset_potential);
            body(self.refractory_period);
            body(self.tau_excitatory);
            body(self.tau_inhibitory);
            body(self.constant_current);
        }
    };
    static constexpr const char* conflict(const Parameters<double>& p, ResetKind /*reset*/) {
        return p.reset_potential < p.threshold ? nullptr
                                               : "reset_potential must lie below threshold";
    }

    static constexpr NeuronQuantity inputs[] = {
        {"excitatory", "nA", 0.1, "added to the excitatory current"},
        {"inhibitory", "nA", -0.1, "added to the inhibitory current"},
        {"current", "nA", 0.1, "flows during the step"}};
    static constexpr InputDeposit deposits[] = {{1}, {2}, {}};
    template <class V>
    struct Input {
        V excitatory, inhibitory, current;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.excitatory);
            body(self.inhibitory);
            body(self.current);
        }
    };

    static constexpr NeuronQuantity states[] = {
        {"membrane_potential", "mV", 5, "at rest before the first step"},
        {"excitatory_current", "nA", 0.1, "of synapses; 0 before the first step"},
        {"inhibitory_current", "nA", -0.1, "of synapses; 0 before the first step"}};
    template <class V>
    struct State {
        V membrane_potential, excitatory_current, inhibitory_current;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.membrane_potential);
            body(self.excitatory_current);
            body(self.inhibitory_current);
        }
    };

    static constexpr NeuronCoefficient coefficients[] = {
        {"decay"},           {"excitatory_decay"}, {"inhibitory_decay"},
        {"excitatory_gain"}, {"inhibitory_gain"},  {"current_gain"},
        {"threshold"},       {"resting"},          {"reset"}};
    template <class V>
    struct Coefficients {
        V decay, excitatory_decay, inhibitory_decay;       // exp(-h / tau)
        V excitatory_gain, inhibitory_gain, current_gain;  // what V has of the currents, mV / nA
        V threshold, resting, reset;                       // resting: with the constant current
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.decay);
            body(self.excitatory_decay);
            body(self.inhibitory_decay);
            body(self.excitatory_gain);
            body(self.inhibitory_gain);
            body(self.current_gain);
            body(self.threshold);
            body(self.resting);
            body(self.reset);
        }
    };
    static Coefficients<double> coefficients_of(const Parameters<double>& p, double time_step_ms) {
        const double h = time_step_ms, c = p.membrane_capacitance;
        return {std::exp(-h / p.tau_m),
                std::exp(-h / p.tau_excitatory),
                std::exp(-h / p.tau_inhibitory),
                exact_currents::of_exponential(h, p.tau_m, p.tau_excitatory, c),
                exact_currents::of_exponential(h, p.tau_m, p.tau_inhibitory, c),
                exact_currents::of_constant(h, p.tau_m, c),
                p.threshold,
                p.resting_potential + p.tau_m / c * p.constant_current,
                p.reset_potential};
    }

    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static State<V> initial(const Coefficients<V>& c) {
        return {c.resting, V{}, V{}};
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void integrate(const Coefficients<V>& c, ResetKind /*reset*/, State<V>& state,
                                 const V& /*spike*/, const Input<V>& input) {
        V& v = state.membrane_potential;
        v = c.resting + c.decay * (v - c.resting) + c.excitatory_gain * state.excitatory_current +
            c.inhibitory_gain * state.inhibitory_current + c.current_gain * input.current;
        state.excitatory_current = c.excitatory_decay * state.excitatory_current + input.excitatory;
        state.inhibitory_current = c.inhibitory_decay * state.inhibitory_current + input.inhibitory;
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
using lif_exponential_neuron = LifExponential;  // by which neurons.def finds it

static_assert(PointNeuron<LifExponential> && DepositNeuron<LifExponential>);

}  // namespace elm

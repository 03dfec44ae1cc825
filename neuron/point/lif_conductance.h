#pragma once

#include <cmath>

#include "neuron/point/neuron.h"

/// Leaky integrate-and-fire neuron with exponentially decaying synaptic conductances.
///
///     C dV/dt = -g_L (V - E_L) - g_e (V - E_e) - g_i (V - E_i) + I + I_0
///     dg_x/dt = -g_x / tau_x,  x = e (excitatory), i (inhibitory);  a synaptic event adds its
///     weight to g_e or g_i
///
/// V in mV, conductances in uS, C in nF, currents in nA; I: current from outside, constant within
/// a step. Conductances are exact; V goes by the classical Runge-Kutta method of fourth order, with
/// the exact conductances at the beginning, the middle and the end of the step. Reset as in
/// lif_exponential.h.
/// Source: Vogels & Abbott 2005, doi:10.1523/JNEUROSCI.3508-05.2005; order of a step as in NEST's
/// iaf_cond_exp, whose adaptive integration this one follows to 2e-7 mV at a step of 0.1 ms.
namespace elm {

struct LifConductance {
    static constexpr const char* name = "lif_conductance";
    static constexpr const char* summary = "leaky integrate-and-fire, exponential conductances";
    static constexpr const char* source =
        "Vogels & Abbott 2005, doi:10.1523/JNEUROSCI.3508-05.2005";
    static constexpr bool exact = false;
    static constexpr bool uses_last_spike = false;
    static constexpr ResetKind resets[] = {ResetKind::to_value};

    /// Defaults: benchmark 1 of Brette et al. 2007, doi:10.1007/s10827-007-0038-6.
    static constexpr NeuronQuantity parameters[] = {
        {"membrane_capacitance", "nF", 0.2, "charge that a potential needs", 1e-6, 1e6},
        {"leak_conductance", "uS", 0.01, "of the membrane at rest", 1e-9, 1e6},
        {"resting_potential", "mV", -60, "potential without input", -1000, 1000},
        {"threshold", "mV", -50, "potential from which on the neuron spikes", -1000, 1000},
        {"reset_potential", "mV", -60, "potential after a spike", -1000, 1000},
        {"refractory_period", "ms", 5, "time after a spike without another", 0, 1e6},
        {"excitatory_reversal", "mV", 0, "where excitatory currents vanish", -1000, 1000},
        {"inhibitory_reversal", "mV", -80, "where inhibitory currents vanish", -1000, 1000},
        {"tau_excitatory", "ms", 5, "decay of the excitatory conductance", 1e-3, 1e6},
        {"tau_inhibitory", "ms", 10, "decay of the inhibitory conductance", 1e-3, 1e6},
        {"constant_current", "nA", 0, "current that always flows", -1000, 1000}};
    template <class V>
    struct Parameters {
        V membrane_capacitance, leak_conductance, resting_potential, threshold, reset_potential;
        V refractory_period, excitatory_reversal, inhibitory_reversal;
        V tau_excitatory, tau_inhibitory, constant_current;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.membrane_capacitance);
            body(self.leak_conductance);
            body(self.resting_potential);
            body(self.threshold);
            body(self.reset_potential);
            body(self.refractory_period);
            body(self.excitatory_reversal);
            body(self.inhibitory_reversal);
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
        {"excitatory", "uS", 0.001, "added to the excitatory conductance", 0},
        {"inhibitory", "uS", 0.001, "added to the inhibitory conductance", 0},
        {"current", "nA", 0.05, "flows during the step"}};
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
        {"membrane_potential", "mV", 2, "at rest before the first step"},
        {"excitatory_conductance", "uS", 0.001, "of synapses; 0 before the first step"},
        {"inhibitory_conductance", "uS", 0.002, "of synapses; 0 before the first step"}};
    template <class V>
    struct State {
        V membrane_potential, excitatory_conductance, inhibitory_conductance;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.membrane_potential);
            body(self.excitatory_conductance);
            body(self.inhibitory_conductance);
        }
    };

    static constexpr NeuronCoefficient coefficients[] = {{"resting"},
                                                         {"threshold"},
                                                         {"reset"},
                                                         {"leak"},
                                                         {"per_conductance"},
                                                         {"excitatory_reversal"},
                                                         {"inhibitory_reversal"},
                                                         {"excitatory_half"},
                                                         {"inhibitory_half"},
                                                         {"excitatory_decay"},
                                                         {"inhibitory_decay"}};
    template <class V>
    struct Coefficients {
        V resting, threshold, reset;  // resting: with the constant current
        V leak;                       // h g_L / C
        V per_conductance;            // h / C
        V excitatory_reversal, inhibitory_reversal;
        V excitatory_half, inhibitory_half;    // decay in half a step
        V excitatory_decay, inhibitory_decay;  // in a step
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.resting);
            body(self.threshold);
            body(self.reset);
            body(self.leak);
            body(self.per_conductance);
            body(self.excitatory_reversal);
            body(self.inhibitory_reversal);
            body(self.excitatory_half);
            body(self.inhibitory_half);
            body(self.excitatory_decay);
            body(self.inhibitory_decay);
        }
    };
    static Coefficients<double> coefficients_of(const Parameters<double>& p, double time_step_ms) {
        const double h = time_step_ms, per_conductance = h / p.membrane_capacitance;
        return {p.resting_potential + p.constant_current / p.leak_conductance,
                p.threshold,
                p.reset_potential,
                per_conductance * p.leak_conductance,
                per_conductance,
                p.excitatory_reversal,
                p.inhibitory_reversal,
                std::exp(-h / (2 * p.tau_excitatory)),
                std::exp(-h / (2 * p.tau_inhibitory)),
                std::exp(-h / p.tau_excitatory),
                std::exp(-h / p.tau_inhibitory)};
    }

    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static State<V> initial(const Coefficients<V>& c) {
        return {c.resting, V{}, V{}};
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void integrate(const Coefficients<V>& c, ResetKind /*reset*/, State<V>& state,
                                 const V& /*spike*/, const Input<V>& input) {
        using Real = typename Lanes::Real;
        const V e = state.excitatory_conductance, i = state.inhibitory_conductance;
        const V steady = c.leak * c.resting + c.per_conductance * input.current;
        // Products of coefficients come first: for many alike neurons they are made once.
        const V per = c.per_conductance, e_middle = per * c.excitatory_half,
                i_middle = per * c.inhibitory_half, e_end = per * c.excitatory_decay,
                i_end = per * c.inhibitory_decay;
        const V begin = c.leak + per * e + per * i, middle = c.leak + e_middle * e + i_middle * i,
                end = c.leak + e_end * e + i_end * i;
        const V of_e = c.excitatory_reversal, of_i = c.inhibitory_reversal;
        const V drive = steady + per * of_e * e + per * of_i * i,
                drive_middle = steady + e_middle * of_e * e + i_middle * of_i * i,
                drive_end = steady + e_end * of_e * e + i_end * of_i * i;
        V& v = state.membrane_potential;
        const V k1 = drive - begin * v;
        const V k2 = drive_middle - middle * (v + Real(0.5) * k1);
        const V k3 = drive_middle - middle * (v + Real(0.5) * k2);
        const V k4 = drive_end - end * (v + k3);
        v = v + (k1 + k4 + Real(2) * (k2 + k3)) * Real(1.0 / 6);
        state.excitatory_conductance = c.excitatory_decay * e + input.excitatory;
        state.inhibitory_conductance = c.inhibitory_decay * i + input.inhibitory;
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
using lif_conductance_neuron = LifConductance;  // by which neurons.def finds it

static_assert(PointNeuron<LifConductance> && DepositNeuron<LifConductance>);

}  // namespace elm

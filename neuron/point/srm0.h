#pragma once

#include <cmath>

#include "neuron/point/exact_currents.h"
#include "neuron/point/neuron.h"

/// Spike response model with exponential kernels.
///
///     V(t) = E + eta(t) + sum over synaptic events w eps(t - t_event) + int_0^inf kappa(s) I(t -
///     s) ds eps(s)   = tau_m tau_s / (C (tau_m - tau_s)) (exp(-s / tau_m) - exp(-s / tau_s))
///     kappa(s) = exp(-s / tau_m) / C
///     eta(t)   = -A exp(-(t - last spike) / tau_r)         reset to a value: SRM0
///     eta(t)   = -A sum over all spikes exp(-(t - spike) / tau_r)    reset by subtraction
///     z[t] = 1 if V >= theta and the neuron is not refractory, else 0
///
/// V in mV, currents and weights w in nA, C in nF. tau_s: tau_excitatory or tau_inhibitory. Unlike
/// a reset to a value in lif_exponential.h a spike does not erase what came before it: eps and
/// kappa know nothing of it. In refractory steps V goes on and nothing is counted. With reset by
/// subtraction, tau_r = tau_m and A = theta - V_r it is the leaky neuron whose reset is a fall by
/// A. There is no escape noise: a spike is where V is at or above theta. Each kernel is a filter
/// with one state, exact on the grid (exact_currents.h). Source: Gerstner & Kistler 2002, Spiking
/// Neuron Models, section 4.2, doi:10.1017/CBO9780511815706; Jolivet, Lewis & Gerstner 2004,
/// doi:10.1152/jn.00190.2004.
namespace elm {

struct Srm0 {
    static constexpr const char* name = "srm0";
    static constexpr const char* summary = "spike response model, exponential kernels";
    static constexpr const char* source =
        "Gerstner & Kistler 2002, doi:10.1017/CBO9780511815706; Jolivet, Lewis & Gerstner 2004, "
        "doi:10.1152/jn.00190.2004";
    static constexpr bool exact = true;
    static constexpr bool uses_last_spike = false;
    static constexpr ResetKind resets[] = {ResetKind::to_value, ResetKind::by_subtraction};

    static constexpr NeuronQuantity parameters[] = {
        {"tau_m", "ms", 10, "membrane time constant", 1e-3, 1e6},
        {"membrane_capacitance", "nF", 0.25, "charge that a potential needs", 1e-6, 1e6},
        {"resting_potential", "mV", -65, "potential without input", -1000, 1000},
        {"threshold", "mV", -50, "potential from which on the neuron spikes", -1000, 1000},
        {"reset_depth", "mV", 15, "A: how far a spike takes the potential down", 0, 1000},
        {"tau_reset", "ms", 10, "how fast the potential comes back from there", 1e-3, 1e6},
        {"refractory_period", "ms", 2, "time after a spike without another", 0, 1e6},
        {"tau_excitatory", "ms", 2, "decay of the excitatory current", 1e-3, 1e6},
        {"tau_inhibitory", "ms", 2, "decay of the inhibitory current", 1e-3, 1e6},
        {"constant_current", "nA", 0, "current that always flows", -1000, 1000}};
    template <class V>
    struct Parameters {
        V tau_m, membrane_capacitance, resting_potential, threshold, reset_depth, tau_reset;
        V refractory_period, tau_excitatory, tau_inhibitory, constant_current;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.tau_m);
            body(self.membrane_capacitance);
            body(self.resting_potential);
            body(self.threshold);
            body(self.reset_depth);
            body(self.tau_reset);
            body(self.refractory_period);
            body(self.tau_excitatory);
            body(self.tau_inhibitory);
            body(self.constant_current);
        }
    };
    static constexpr const char* conflict(const Parameters<double>& /*p*/, ResetKind /*reset*/) {
        return nullptr;
    }

    static constexpr NeuronQuantity inputs[] = {
        {"excitatory", "nA", 0.1, "added to the excitatory current"},
        {"inhibitory", "nA", -0.1, "added to the inhibitory current"},
        {"current", "nA", 0.1, "flows during the step"}};
    static constexpr InputDeposit deposits[] = {{3}, {4}, {}};
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
        {"membrane_potential", "mV", 1, "V; follows from the others at each step"},
        {"response", "mV", 2, "to all input so far; 0 before the first step"},
        {"after_potential", "mV", -3, "eta; 0 before the first step"},
        {"excitatory_current", "nA", 0.1, "of synapses; 0 before the first step"},
        {"inhibitory_current", "nA", -0.1, "of synapses; 0 before the first step"}};
    template <class V>
    struct State {
        V membrane_potential, response, after_potential, excitatory_current, inhibitory_current;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.membrane_potential);
            body(self.response);
            body(self.after_potential);
            body(self.excitatory_current);
            body(self.inhibitory_current);
        }
    };

    static constexpr NeuronCoefficient coefficients[] = {
        {"decay"},           {"reset_decay"},     {"excitatory_decay"}, {"inhibitory_decay"},
        {"excitatory_gain"}, {"inhibitory_gain"}, {"current_gain"},     {"threshold"},
        {"resting"},         {"reset_depth"}};
    template <class V>
    struct Coefficients {
        V decay, reset_decay, excitatory_decay, inhibitory_decay;  // exp(-h / tau)
        V excitatory_gain, inhibitory_gain, current_gain;  // what V has of the currents, mV / nA
        V threshold, resting, reset_depth;                 // resting: with the constant current
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.decay);
            body(self.reset_decay);
            body(self.excitatory_decay);
            body(self.inhibitory_decay);
            body(self.excitatory_gain);
            body(self.inhibitory_gain);
            body(self.current_gain);
            body(self.threshold);
            body(self.resting);
            body(self.reset_depth);
        }
    };
    static Coefficients<double> coefficients_of(const Parameters<double>& p, double time_step_ms) {
        const double h = time_step_ms, c = p.membrane_capacitance;
        return {std::exp(-h / p.tau_m),
                std::exp(-h / p.tau_reset),
                std::exp(-h / p.tau_excitatory),
                std::exp(-h / p.tau_inhibitory),
                exact_currents::of_exponential(h, p.tau_m, p.tau_excitatory, c),
                exact_currents::of_exponential(h, p.tau_m, p.tau_inhibitory, c),
                exact_currents::of_constant(h, p.tau_m, c),
                p.threshold,
                p.resting_potential + p.tau_m / c * p.constant_current,
                p.reset_depth};
    }

    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static State<V> initial(const Coefficients<V>& c) {
        return {c.resting, V{}, V{}, V{}, V{}};
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void integrate(const Coefficients<V>& c, ResetKind /*reset*/, State<V>& s,
                                 const V& /*spike*/, const Input<V>& input) {
        s.response = c.decay * s.response + c.excitatory_gain * s.excitatory_current +
                     c.inhibitory_gain * s.inhibitory_current + c.current_gain * input.current;
        s.after_potential = c.reset_decay * s.after_potential;
        s.membrane_potential = c.resting + s.response + s.after_potential;
        s.excitatory_current = c.excitatory_decay * s.excitatory_current + input.excitatory;
        s.inhibitory_current = c.inhibitory_decay * s.inhibitory_current + input.inhibitory;
    }
    template <class Lanes, class Mask, class V = typename Lanes::Value>
    ELM_HD static void hold(const Coefficients<V>& /*c*/, ResetKind /*reset*/,
                            const Mask& /*refractory*/, State<V>& /*state*/) {}
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static V distance(const Coefficients<V>& c, const State<V>& s) {
        return s.membrane_potential - c.threshold;
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void after_spike(const Coefficients<V>& c, ResetKind reset, State<V>& s,
                                   const V& spike) {
        const V kept = reset == ResetKind::to_value ? V(V{} + 1 - spike) : V(V{} + 1);
        const V after = kept * s.after_potential - c.reset_depth * spike;
        s.membrane_potential = s.membrane_potential + (after - s.after_potential);
        s.after_potential = after;
    }
};
using srm0_neuron = Srm0;  // by which neurons.def finds it

static_assert(PointNeuron<Srm0> && DepositNeuron<Srm0>);

}  // namespace elm

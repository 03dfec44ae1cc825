#pragma once

#include "neuron/point/neuron.h"

/// Izhikevich's neuron, by Euler's method.
///
///     V' = 0.04 V^2 + 5 V + 140 - u + I          V in mV, time in ms, the rest pure numbers
///     u' = a (b V - u);                          V >= theta: V = c, u += d
///
/// Both by one forward step with the old V and u; synaptic events are jumps of V behind it, before
/// the test. In refractory steps, which the model does not have by itself, V stays at c.
/// Source: Izhikevich 2003, doi:10.1109/TNN.2003.820440; numerics as in NEST's izhikevich with
/// consistent_integration. Spikes depend on the scheme at steps of 1 ms: see izhikevich_2003.h.
namespace elm {

/// What the schemes share.
struct IzhikevichEquations {
    static constexpr const char* source = "Izhikevich 2003, doi:10.1109/TNN.2003.820440";
    static constexpr bool exact = false;
    static constexpr bool uses_last_spike = false;
    static constexpr ResetKind resets[] = {ResetKind::to_value};

    /// Defaults: regular spiking, figure 2 of the paper.
    static constexpr NeuronQuantity parameters[] = {
        {"recovery_rate", "", 0.02, "a: how fast the recovery follows, per ms", 0, 100},
        {"recovery_coupling", "", 0.2, "b: recovery that a potential leads to", -100, 100},
        {"reset_potential", "mV", -65, "c: potential after a spike", -1000, 1000},
        {"recovery_jump", "", 8, "d: rise of the recovery with a spike", -1000, 1000},
        {"threshold", "mV", 30, "potential from which on the neuron spikes", -1000, 1000},
        {"refractory_period", "ms", 0, "time after a spike without another", 0, 1e6},
        {"constant_current", "", 0, "current that always flows", -1000, 1000}};
    template <class V>
    struct Parameters {
        V recovery_rate, recovery_coupling, reset_potential, recovery_jump, threshold;
        V refractory_period, constant_current;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.recovery_rate);
            body(self.recovery_coupling);
            body(self.reset_potential);
            body(self.recovery_jump);
            body(self.threshold);
            body(self.refractory_period);
            body(self.constant_current);
        }
    };
    static constexpr const char* conflict(const Parameters<double>& p, ResetKind /*reset*/) {
        return p.reset_potential < p.threshold ? nullptr
                                               : "reset_potential must lie below threshold";
    }

    static constexpr NeuronQuantity states[] = {
        {"membrane_potential", "mV", 2, "at the reset potential before the first step"},
        {"recovery", "", 1, "u; coupling times potential before the first step"}};
    template <class V>
    struct State {
        V membrane_potential, recovery;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.membrane_potential);
            body(self.recovery);
        }
    };

    static constexpr NeuronCoefficient coefficients[] = {
        {"time_step"},     {"recovery_rate"}, {"recovery_coupling"}, {"reset"},
        {"recovery_jump"}, {"threshold"},     {"constant_current"}};
    template <class V>
    struct Coefficients {
        V time_step, recovery_rate, recovery_coupling, reset, recovery_jump, threshold;
        V constant_current;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.time_step);
            body(self.recovery_rate);
            body(self.recovery_coupling);
            body(self.reset);
            body(self.recovery_jump);
            body(self.threshold);
            body(self.constant_current);
        }
    };
    static Coefficients<double> coefficients_of(const Parameters<double>& p, double time_step_ms) {
        return {time_step_ms,    p.recovery_rate, p.recovery_coupling, p.reset_potential,
                p.recovery_jump, p.threshold,     p.constant_current};
    }

    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static State<V> initial(const Coefficients<V>& c) {
        return {c.reset, c.recovery_coupling * c.reset};
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
        state.recovery = state.recovery + c.recovery_jump * spike;
    }

protected:
    /// V' but for the recovery.
    template <class Real, class V>
    ELM_HD static V slope(const V& v, const V& current) {
        return Real(0.04) * v * v + Real(5) * v + Real(140) + current;
    }
};

struct Izhikevich : IzhikevichEquations {
    static constexpr const char* name = "izhikevich";
    static constexpr const char* summary = "quadratic with recovery, voltage jumps, Euler steps";

    static constexpr NeuronQuantity inputs[] = {{"jump", "mV", 1, "added to the potential"},
                                                {"current", "", 1, "flows during the step"}};
    template <class V>
    struct Input {
        V jump, current;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.jump);
            body(self.current);
        }
    };

    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void integrate(const Coefficients<V>& c, ResetKind /*reset*/, State<V>& state,
                                 const V& /*spike*/, const Input<V>& input) {
        const V v = state.membrane_potential, u = state.recovery;
        const V current = c.constant_current + input.current;
        state.membrane_potential =
            v + c.time_step * (slope<typename Lanes::Real>(v, current) - u) + input.jump;
        state.recovery = u + c.time_step * c.recovery_rate * (c.recovery_coupling * v - u);
    }
};
using izhikevich_neuron = Izhikevich;  // by which neurons.def finds it

static_assert(PointNeuron<Izhikevich>);

}  // namespace elm

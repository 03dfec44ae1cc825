#pragma once

#include <cmath>

#include "neuron/point/neuron.h"

/// Leaky integrate-and-fire neuron.
///
///     u[t] = E + alpha (m[t-1] - E) + I[t] - s[t-1]        alpha = exp(-time step / tau_m)
///
///     reset to a value:      m = u without a spike z, V_r after one;  s = 0
///     reset by subtraction:  m = u;                                   s = theta z
///     z[t] = 1 if u[t] >= theta and the neuron is not refractory, else 0
///
/// u: membrane potential; theta: threshold; E: where it goes without input, resting potential +
/// membrane resistance * constant current; I: what the input of one step adds, as synaptic events
/// of delta synapses do. In refractory steps u stays at V_r with reset to a value, and goes on with
/// reset by subtraction. Between events u(t) = E + (u(0) - E) exp(-t / tau_m), which is at theta at
/// t = tau_m ln((E - u(0)) / (E - theta)) where E is above it.
/// Sources: the exact solution for an input that is constant within a step, Rotter & Diesmann 1999,
/// doi:10.1007/s004220050570; reset by subtraction, one step after the spike and not decayed:
/// Bellec et al. 2020, doi:10.1038/s41467-020-17236-y.
namespace elm {

struct Lif {
    static constexpr const char* name = "lif";
    static constexpr const char* summary = "leaky integrate-and-fire, delta synapses";
    static constexpr const char* source = "Rotter & Diesmann 1999, doi:10.1007/s004220050570";
    static constexpr bool exact = true;
    static constexpr ResetKind resets[] = {ResetKind::by_subtraction, ResetKind::to_value};

    /// Defaults: the excitatory cells of Potjans & Diesmann 2014, doi:10.1093/cercor/bhs358, with
    /// 10 ms / 250 pF = 40 MOhm.
    static constexpr NeuronQuantity parameters[] = {
        {"tau_m", "ms", 10, "membrane time constant", 1e-3, 1e6},
        {"resting_potential", "mV", -65, "potential without input", -1000, 1000},
        {"threshold", "mV", -50, "potential from which on the neuron spikes", -1000, 1000},
        {"reset_potential", "mV", -65, "potential after a spike, with reset to a value", -1000,
         1000},
        {"refractory_period", "ms", 2, "time after a spike without another", 0, 1e6},
        {"membrane_resistance", "MOhm", 40, "potential that a constant current adds", 0, 1e6},
        {"constant_current", "nA", 0, "current that always flows", -1000, 1000}};
    template <class V>
    struct Parameters {
        V tau_m, resting_potential, threshold, reset_potential, refractory_period;
        V membrane_resistance, constant_current;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.tau_m);
            body(self.resting_potential);
            body(self.threshold);
            body(self.reset_potential);
            body(self.refractory_period);
            body(self.membrane_resistance);
            body(self.constant_current);
        }
    };
    static constexpr const char* conflict(const Parameters<double>& p, ResetKind reset) {
        return reset == ResetKind::by_subtraction || p.reset_potential < p.threshold
                   ? nullptr
                   : "reset_potential must lie below threshold";
    }

    static constexpr NeuronQuantity inputs[] = {{"jump", "mV", 5, "added to the potential"}};
    template <class V>
    struct Input {
        V jump;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.jump);
        }
    };

    static constexpr NeuronQuantity states[] = {
        {"membrane_potential", "mV", 5, "at rest before the first step"}};
    template <class V>
    struct State {
        V membrane_potential;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.membrane_potential);
        }
    };

    static constexpr NeuronCoefficient coefficients[] = {
        {"decay"}, {"threshold"}, {"resting"}, {"reset", true}};
    template <class V>
    struct Coefficients {
        V decay;      // alpha
        V threshold;  // theta
        V resting;    // E
        V reset;      // V_r
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.decay);
            body(self.threshold);
            body(self.resting);
            body(self.reset);
        }
    };
    static Coefficients<double> coefficients_of(const Parameters<double>& p, double time_step_ms) {
        return {std::exp(-time_step_ms / p.tau_m), p.threshold,
                p.resting_potential + p.membrane_resistance * p.constant_current,
                p.reset_potential};
    }

    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static State<V> initial(const Coefficients<V>& c) {
        return {c.resting};
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void integrate(const Coefficients<V>& c, ResetKind reset, State<V>& state,
                                 const V& spike, const Input<V>& input) {
        V& u = state.membrane_potential;
        if (reset == ResetKind::by_subtraction) {
            u = c.resting + c.decay * (u - c.resting) + input.jump - c.threshold * spike;
        } else {
            u = c.resting + c.decay * (after_reset(c, u, spike) - c.resting) + input.jump;
        }
    }
    template <class Lanes, class Mask, class V = typename Lanes::Value>
    ELM_HD static void hold(const Coefficients<V>& c, ResetKind reset, const Mask& refractory,
                            State<V>& state) {
        if (reset == ResetKind::by_subtraction) return;
        state.membrane_potential = Lanes::select(refractory, c.reset, state.membrane_potential);
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static V distance(const Coefficients<V>& c, const State<V>& state) {
        return state.membrane_potential - c.threshold;
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void after_spike(const Coefficients<V>& /*c*/, ResetKind /*reset*/,
                                   State<V>& /*state*/, const V& /*spike*/) {}

    static constexpr bool gradient_needs_input = false;
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static V after_spike_gradient(const Coefficients<V>& /*c*/, ResetKind /*reset*/,
                                         const State<V>& /*state*/, const V& /*spike*/,
                                         State<V>& /*gradient*/, Coefficients<V>& /*sums*/) {
        return V{};
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void distance_gradient(const Coefficients<V>& /*c*/, const State<V>& /*state*/,
                                         const V& of_distance, State<V>& gradient,
                                         Coefficients<V>& sums) {
        gradient.membrane_potential += of_distance;
        sums.threshold -= of_distance;
    }
    template <class Lanes, class Mask, class V = typename Lanes::Value>
    ELM_HD static void hold_gradient(const Coefficients<V>& /*c*/, ResetKind reset,
                                     const Mask& refractory, State<V>& gradient,
                                     Coefficients<V>& sums) {
        if (reset == ResetKind::by_subtraction) return;
        V& of_potential = gradient.membrane_potential;
        sums.reset += Lanes::select(refractory, of_potential, V{});
        of_potential = Lanes::select(refractory, V{}, of_potential);
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static IntegrateGradient<V> integrate_gradient(const Coefficients<V>& c, ResetKind reset,
                                                          const State<V>& state, const V& spike,
                                                          const Input<V>& /*input*/,
                                                          State<V>& gradient,
                                                          Coefficients<V>& sums) {
        const V u = state.membrane_potential, of_potential = gradient.membrane_potential;
        sums.resting += of_potential * (V{} + 1 - c.decay);
        if (reset == ResetKind::by_subtraction) {
            sums.decay += of_potential * (u - c.resting);
            sums.threshold -= of_potential * spike;
            gradient.membrane_potential = of_potential * c.decay;
            return {-of_potential * c.threshold, of_potential};
        }
        sums.decay += of_potential * (after_reset(c, u, spike) - c.resting);
        sums.reset += of_potential * c.decay * spike;
        gradient.membrane_potential = of_potential * c.decay * (V{} + 1 - spike);
        return {of_potential * c.decay * (c.reset - u), of_potential};
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void initial_gradient(const State<V>& gradient, Coefficients<V>& sums) {
        sums.resting += gradient.membrane_potential;
    }

    template <class Real>
    struct EventCoefficients {
        Real tau_m, resting, threshold, reset;
    };
    static EventCoefficients<double> event_coefficients_of(const Parameters<double>& p) {
        const Coefficients<double> c = coefficients_of(p, 0);
        return {p.tau_m, c.resting, c.threshold, c.reset};
    }
    template <class Real>
    ELM_HD static void advance(const EventCoefficients<Real>& c, State<Real>& state, Real gap_ms) {
        Real& u = state.membrane_potential;
        u = c.resting + std::exp(-gap_ms / c.tau_m) * (u - c.resting);
    }
    template <class Real>
    ELM_HD static Real next_spike_ms(const EventCoefficients<Real>& c, const State<Real>& state) {
        const Real u = state.membrane_potential;
        if (u >= c.threshold) return Real(0);
        if (c.resting <= c.threshold) return static_cast<Real>(INFINITY);
        return c.tau_m * std::log((c.resting - u) / (c.resting - c.threshold));
    }
    template <class Real>
    ELM_HD static void deposit(const EventCoefficients<Real>& /*c*/, State<Real>& state,
                               const Input<Real>& input) {
        state.membrane_potential += input.jump;
    }
    template <class Real>
    ELM_HD static void reset(const EventCoefficients<Real>& c, State<Real>& state) {
        state.membrane_potential = c.reset;
    }

private:
    template <class V>
    ELM_HD static V after_reset(const Coefficients<V>& c, const V& potential, const V& spike) {
        return (V{} + 1 - spike) * potential + spike * c.reset;  // a whole spike leaves V_r itself
    }
};
using lif_neuron = Lif;  // by which neurons.def finds it

static_assert(PointNeuron<Lif> && EventNeuron<Lif> && TrainableNeuron<Lif>);

}  // namespace elm

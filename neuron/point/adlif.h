#pragma once

#include <cmath>

#include "neuron/point/neuron.h"

/// Leaky integrate-and-fire neuron with an adaptation that follows the potential and the spikes:
/// adex.h without the exponential, by symplectic Euler steps.
///
///     tau_m du/dt = -(u - E) + R I - w
///     tau_w dw/dt = -w + a (u - E);                  a spike: w += b
///
///     u[t] = E + alpha (m[t-1] - E) + (1 - alpha) (R I[t] - w[t-1])    alpha = exp(-h / tau_m)
///     z[t] = 1 if u[t] >= theta and the neuron is not refractory, else 0
///     w[t] = beta w[t-1] + (1 - beta) a (m[t] - E) + b z[t]            beta = exp(-h / tau_w)
///
///     reset to a value:      m = u without a spike, V_r after one
///     reset by subtraction:  m = u in w; u - (theta - E) z in u[t+1]
///
/// u, w, b in mV, a a pure number, h: time step. w sees the new u and the new spike, which keeps
/// the pair stable where adlif_euler.h, which sees the old ones, oscillates with growing amplitude.
/// I: current of the step; a synaptic event is a current of one step. In refractory steps u stays
/// at V_r with reset to a value. The jump b does not depend on h.
/// Sources: Baronig et al. 2025, arXiv 2408.07517, whose b is b / ((1 - beta) q) and
/// whose a is a / q here; with reset by subtraction Bittar & Garner 2022,
/// doi:10.3389/fnins.2022.865897, whose a is (1 - beta) a and whose w[t] is w[t-1] here.
namespace elm {

/// What both schemes share.
struct AdlifEquations {
    static constexpr bool exact = false;
    static constexpr ResetKind resets[] = {ResetKind::to_value, ResetKind::by_subtraction};

    static constexpr NeuronQuantity parameters[] = {
        {"tau_m", "ms", 10, "membrane time constant", 1e-3, 1e6},
        {"resting_potential", "mV", -65, "potential without input", -1000, 1000},
        {"threshold", "mV", -50, "potential from which on the neuron spikes", -1000, 1000},
        {"reset_potential", "mV", -65, "potential after a spike, with reset to a value", -1000,
         1000},
        {"refractory_period", "ms", 2, "time after a spike without another", 0, 1e6},
        {"membrane_resistance", "MOhm", 40, "potential that a constant current adds", 0, 1e6},
        {"tau_adaptation", "ms", 100, "time constant of the adaptation", 1e-3, 1e6},
        {"adaptation_coupling", "", 0.5, "a: adaptation that a potential leads to", -1e3, 1e3},
        {"adaptation_jump", "mV", 2, "b: rise of the adaptation with a spike", -1e3, 1e3},
        {"constant_current", "nA", 0, "current that always flows", -1000, 1000}};
    template <class V>
    struct Parameters {
        V tau_m, resting_potential, threshold, reset_potential, refractory_period;
        V membrane_resistance, tau_adaptation, adaptation_coupling, adaptation_jump;
        V constant_current;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.tau_m);
            body(self.resting_potential);
            body(self.threshold);
            body(self.reset_potential);
            body(self.refractory_period);
            body(self.membrane_resistance);
            body(self.tau_adaptation);
            body(self.adaptation_coupling);
            body(self.adaptation_jump);
            body(self.constant_current);
        }
    };
    static constexpr const char* conflict(const Parameters<double>& p, ResetKind reset) {
        return reset == ResetKind::by_subtraction || p.reset_potential < p.threshold
                   ? nullptr
                   : "reset_potential must lie below threshold";
    }

    static constexpr NeuronQuantity inputs[] = {{"current", "nA", 2, "flows during the step"}};
    template <class V>
    struct Input {
        V current;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.current);
        }
    };

    static constexpr NeuronQuantity states[] = {
        {"membrane_potential", "mV", 5, "at rest before the first step"},
        {"adaptation", "mV", 1, "w; 0 before the first step"}};
    template <class V>
    struct State {
        V membrane_potential, adaptation;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.membrane_potential);
            body(self.adaptation);
        }
    };

    static constexpr NeuronCoefficient coefficients[] = {
        {"decay"},           {"adaptation_decay"}, {"adaptation_coupling"},
        {"adaptation_jump"}, {"current_gain"},     {"threshold"},
        {"resting"},         {"reset", true},      {"constant_drive"}};
    template <class V>
    struct Coefficients {
        V decay, adaptation_decay;               // alpha, beta
        V adaptation_coupling, adaptation_jump;  // (1 - beta) a, b
        V current_gain;                          // (1 - alpha) R
        V threshold, resting, reset;             // theta, E, V_r
        V constant_drive;                        // (1 - alpha) R times the constant current
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.decay);
            body(self.adaptation_decay);
            body(self.adaptation_coupling);
            body(self.adaptation_jump);
            body(self.current_gain);
            body(self.threshold);
            body(self.resting);
            body(self.reset);
            body(self.constant_drive);
        }
    };
    static Coefficients<double> coefficients_of(const Parameters<double>& p, double time_step_ms) {
        const double open = -std::expm1(-time_step_ms / p.tau_m);
        const double open_w = -std::expm1(-time_step_ms / p.tau_adaptation);
        return {std::exp(-time_step_ms / p.tau_m),
                std::exp(-time_step_ms / p.tau_adaptation),
                open_w * p.adaptation_coupling,
                p.adaptation_jump,
                open * p.membrane_resistance,
                p.threshold,
                p.resting_potential,
                p.reset_potential,
                open * p.membrane_resistance * p.constant_current};
    }

    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static State<V> initial(const Coefficients<V>& c) {
        return {c.resting, V{}};
    }
    template <class Lanes, class Mask, class V = typename Lanes::Value>
    ELM_HD static void hold(const Coefficients<V>& c, ResetKind reset, const Mask& refractory,
                            State<V>& s) {
        if (reset == ResetKind::by_subtraction) return;
        s.membrane_potential = Lanes::select(refractory, c.reset, s.membrane_potential);
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static V distance(const Coefficients<V>& c, const State<V>& s) {
        return s.membrane_potential - c.threshold;
    }

    static constexpr bool gradient_needs_input = true;
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
    ELM_HD static void initial_gradient(const State<V>& gradient, Coefficients<V>& sums) {
        sums.resting += gradient.membrane_potential;
    }

protected:
    /// u of the next step.
    template <class V>
    ELM_HD static V next_potential(const Coefficients<V>& c, ResetKind reset, const State<V>& s,
                                   const V& spike, const Input<V>& input) {
        V above = s.membrane_potential - c.resting;
        if (reset == ResetKind::by_subtraction) above = above - (c.threshold - c.resting) * spike;
        return c.resting + c.decay * above + c.current_gain * input.current + c.constant_drive -
               (V{} + 1 - c.decay) * s.adaptation;
    }
    /// Its gradient `of_potential` handed on to all that it depends on.
    template <class V>
    ELM_HD static IntegrateGradient<V> next_potential_gradient(
        const Coefficients<V>& c, ResetKind reset, const State<V>& s, const V& spike,
        const Input<V>& input, const V& of_potential, State<V>& gradient, Coefficients<V>& sums) {
        const V height = c.threshold - c.resting;
        V above = s.membrane_potential - c.resting, of_spike{};
        sums.resting += of_potential * (V{} + 1 - c.decay);
        if (reset == ResetKind::by_subtraction) {
            above = above - height * spike;
            sums.threshold -= of_potential * c.decay * spike;
            sums.resting += of_potential * c.decay * spike;
            of_spike = V{} - of_potential * c.decay * height;
        }
        sums.decay += of_potential * (above + s.adaptation);
        sums.current_gain += of_potential * input.current;
        sums.constant_drive += of_potential;
        gradient.membrane_potential = of_potential * c.decay;
        gradient.adaptation = gradient.adaptation - of_potential * (V{} + 1 - c.decay);
        return {of_spike, of_potential * c.current_gain};
    }
    /// m: the potential that a spike leaves.
    template <class V>
    ELM_HD static V after_reset(const Coefficients<V>& c, ResetKind reset, const V& potential,
                                const V& spike) {
        if (reset == ResetKind::by_subtraction) return potential;
        return (V{} + 1 - spike) * potential + spike * c.reset;
    }
    /// Its gradient handed on; returns that of the spike.
    template <class V>
    ELM_HD static V after_reset_gradient(const Coefficients<V>& c, ResetKind reset,
                                         const V& potential, const V& spike, State<V>& gradient,
                                         Coefficients<V>& sums) {
        if (reset == ResetKind::by_subtraction) return V{};
        const V of_potential = gradient.membrane_potential;
        sums.reset += of_potential * spike;
        gradient.membrane_potential = of_potential * (V{} + 1 - spike);
        return of_potential * (c.reset - potential);
    }
    /// w of the next step from a potential and a spike.
    template <class V>
    ELM_HD static V next_adaptation(const Coefficients<V>& c, const V& adaptation,
                                    const V& potential, const V& spike) {
        return c.adaptation_decay * adaptation + c.adaptation_coupling * (potential - c.resting) +
               c.adaptation_jump * spike;
    }
    /// Its gradient handed on to the coefficients.
    template <class V>
    ELM_HD static void next_adaptation_gradient(const Coefficients<V>& c, const V& adaptation,
                                                const V& potential, const V& spike,
                                                const V& of_adaptation, Coefficients<V>& sums) {
        sums.adaptation_decay += of_adaptation * adaptation;
        sums.adaptation_coupling += of_adaptation * (potential - c.resting);
        sums.resting -= of_adaptation * c.adaptation_coupling;
        sums.adaptation_jump += of_adaptation * spike;
    }
};

struct Adlif : AdlifEquations {
    static constexpr const char* name = "adlif";
    static constexpr const char* summary = "leaky with adaptation to potential and spikes";
    static constexpr const char* source =
        "Baronig et al. 2025, arXiv 2408.07517; Bittar & Garner 2022, "
        "doi:10.3389/fnins.2022.865897";

    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void integrate(const Coefficients<V>& c, ResetKind reset, State<V>& s,
                                 const V& spike, const Input<V>& input) {
        s.membrane_potential = next_potential(c, reset, s, spike, input);
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void after_spike(const Coefficients<V>& c, ResetKind reset, State<V>& s,
                                   const V& spike) {
        s.membrane_potential = after_reset(c, reset, s.membrane_potential, spike);
        s.adaptation = next_adaptation(c, s.adaptation, s.membrane_potential, spike);
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static V after_spike_gradient(const Coefficients<V>& c, ResetKind reset,
                                         const State<V>& s, const V& spike, State<V>& gradient,
                                         Coefficients<V>& sums) {
        const V of_adaptation = gradient.adaptation;
        const V left = after_reset(c, reset, s.membrane_potential, spike);
        next_adaptation_gradient(c, s.adaptation, left, spike, of_adaptation, sums);
        gradient.adaptation = of_adaptation * c.adaptation_decay;
        gradient.membrane_potential += of_adaptation * c.adaptation_coupling;
        return of_adaptation * c.adaptation_jump +
               after_reset_gradient(c, reset, s.membrane_potential, spike, gradient, sums);
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static IntegrateGradient<V> integrate_gradient(const Coefficients<V>& c, ResetKind reset,
                                                          const State<V>& s, const V& spike,
                                                          const Input<V>& input, State<V>& gradient,
                                                          Coefficients<V>& sums) {
        const V of_potential = gradient.membrane_potential;
        return next_potential_gradient(c, reset, s, spike, input, of_potential, gradient, sums);
    }
};
using adlif_neuron = Adlif;  // by which neurons.def finds it

static_assert(PointNeuron<Adlif> && TrainableNeuron<Adlif>);

}  // namespace elm

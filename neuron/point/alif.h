#pragma once

#include "neuron/point/lif.h"

/// Leaky integrate-and-fire neuron whose threshold rises with each spike and decays: the ALIF
/// neuron of an LSNN. The membrane is that of lif.h, and
///
///     A[t] = theta + beta a[t],  z[t] = 1 if u[t] >= A[t] and the neuron is not refractory, else 0
///     a[t+1] = rho a[t] + z[t],  a[0] = 0                  rho = exp(-time step / tau_a)
///
/// A: threshold at step t; theta: without spikes; a: adaptation; beta: rise of the threshold with a
/// spike. Reset by subtraction takes theta, not the risen threshold.
/// Source: Bellec et al. 2018, arXiv 1803.09574; 2020, doi:10.1038/s41467-020-17236-y.
/// The earlier form a[t+1] = rho a[t] + (1 - rho) z[t] has a strength of beta / (1 - rho).
namespace elm {

struct Alif {
    static constexpr const char* name = "alif";
    static constexpr const char* summary = "leaky integrate-and-fire with an adaptive threshold";
    static constexpr const char* source =
        "Bellec et al. 2018, arXiv 1803.09574; 2020, doi:10.1038/s41467-020-17236-y";
    static constexpr bool exact = true;
    static constexpr ResetKind resets[] = {ResetKind::by_subtraction, ResetKind::to_value};

    static constexpr NeuronQuantity parameters[] = {
        Lif::parameters[0],
        Lif::parameters[1],
        Lif::parameters[2],
        Lif::parameters[3],
        Lif::parameters[4],
        Lif::parameters[5],
        Lif::parameters[6],
        {"tau_adaptation", "ms", 200, "time constant of the threshold", 1e-3, 1e6},
        {"adaptation_strength", "mV", 2, "rise of the threshold with a spike", 0, 1000}};
    template <class V>
    struct Parameters : Lif::Parameters<V> {
        V tau_adaptation, adaptation_strength;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            Lif::Parameters<V>::each(self, body);
            body(self.tau_adaptation);
            body(self.adaptation_strength);
        }
    };
    static constexpr const char* conflict(const Parameters<double>& p, ResetKind reset) {
        return Lif::conflict(p, reset);
    }

    static constexpr NeuronQuantity inputs[] = {Lif::inputs[0]};
    template <class V>
    using Input = Lif::Input<V>;

    static constexpr NeuronQuantity states[] = {
        Lif::states[0], {"adaptation", "", 0.5, "of the threshold; 0 before the first step"}};
    template <class V>
    struct State : Lif::State<V> {
        V adaptation;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            Lif::State<V>::each(self, body);
            body(self.adaptation);
        }
    };

    static constexpr NeuronCoefficient coefficients[] = {
        Lif::coefficients[0], Lif::coefficients[1], Lif::coefficients[2],
        Lif::coefficients[3], {"adaptation_decay"}, {"adaptation_strength"}};
    template <class V>
    struct Coefficients : Lif::Coefficients<V> {
        V adaptation_decay;     // rho
        V adaptation_strength;  // beta, in the unit of the potential
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            Lif::Coefficients<V>::each(self, body);
            body(self.adaptation_decay);
            body(self.adaptation_strength);
        }
    };
    static Coefficients<double> coefficients_of(const Parameters<double>& p, double time_step_ms) {
        return {Lif::coefficients_of(p, time_step_ms), std::exp(-time_step_ms / p.tau_adaptation),
                p.adaptation_strength};
    }

    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static State<V> initial(const Coefficients<V>& c) {
        return {Lif::initial<Lanes>(c), V{}};
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void integrate(const Coefficients<V>& c, ResetKind reset, State<V>& state,
                                 const V& spike, const Input<V>& input) {
        Lif::integrate<Lanes>(c, reset, state, spike, input);
    }
    template <class Lanes, class Mask, class V = typename Lanes::Value>
    ELM_HD static void hold(const Coefficients<V>& c, ResetKind reset, const Mask& refractory,
                            State<V>& state) {
        Lif::hold<Lanes>(c, reset, refractory, state);
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static V distance(const Coefficients<V>& c, const State<V>& state) {
        return state.membrane_potential - (c.threshold + c.adaptation_strength * state.adaptation);
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void after_spike(const Coefficients<V>& c, ResetKind /*reset*/, State<V>& state,
                                   const V& spike) {
        state.adaptation = c.adaptation_decay * state.adaptation + spike;
    }

    static constexpr bool gradient_needs_input = false;
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static V after_spike_gradient(const Coefficients<V>& c, ResetKind /*reset*/,
                                         const State<V>& state, const V& /*spike*/,
                                         State<V>& gradient, Coefficients<V>& sums) {
        const V of_spike = gradient.adaptation;
        sums.adaptation_decay += of_spike * state.adaptation;
        gradient.adaptation = of_spike * c.adaptation_decay;
        return of_spike;
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void distance_gradient(const Coefficients<V>& c, const State<V>& state,
                                         const V& of_distance, State<V>& gradient,
                                         Coefficients<V>& sums) {
        Lif::distance_gradient<Lanes>(c, state, of_distance, gradient, sums);
        sums.adaptation_strength += -of_distance * state.adaptation;
        gradient.adaptation = gradient.adaptation + -of_distance * c.adaptation_strength;
    }
    template <class Lanes, class Mask, class V = typename Lanes::Value>
    ELM_HD static void hold_gradient(const Coefficients<V>& c, ResetKind reset,
                                     const Mask& refractory, State<V>& gradient,
                                     Coefficients<V>& sums) {
        Lif::hold_gradient<Lanes>(c, reset, refractory, gradient, sums);
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static IntegrateGradient<V> integrate_gradient(const Coefficients<V>& c, ResetKind reset,
                                                          const State<V>& state, const V& spike,
                                                          const Input<V>& input, State<V>& gradient,
                                                          Coefficients<V>& sums) {
        return Lif::integrate_gradient<Lanes>(c, reset, state, spike, input, gradient, sums);
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void initial_gradient(const State<V>& gradient, Coefficients<V>& sums) {
        Lif::initial_gradient<Lanes>(gradient, sums);
    }
};
using alif_neuron = Alif;  // by which neurons.def finds it

// Between events the threshold may fall to the potential at a time without a closed form.
static_assert(PointNeuron<Alif> && TrainableNeuron<Alif> && !EventNeuron<Alif>);

}  // namespace elm

#pragma once

#include <cmath>

#include "neuron/point/hodgkin_huxley.h"

/// Hodgkin-Huxley neuron with the kinetics of Traub & Miles and synaptic conductances.
///
///     C dV/dt = -g_L (V - E_L) - g_Na m^3 h (V - E_Na) - g_K n^4 (V - E_K)
///               - g_e (V - E_e) - g_i (V - E_i) + I + I_0
///     dx/dt   = a_x (1 - x) - b_x x,  x = m, h, n;  with u = V - V_T, in 1/ms:
///
///     a_m = 0.32 (13 - u) / (exp((13 - u) / 4) - 1)
///     b_m = 0.28 (u - 40) / (exp((u - 40) / 5) - 1)
///     a_h = 0.128 exp((17 - u) / 18)
///     b_h = 4 / (1 + exp((40 - u) / 5))
///     a_n = 0.032 (15 - u) / (exp((15 - u) / 5) - 1)
///     b_n = 0.5 exp((10 - u) / 40)
///
/// V in mV, conductances in uS, C in nF, currents in nA. A spike is the first step in which V falls
/// after it rose, and still is at or above the threshold; in refractory steps none is counted, and
/// V goes on. With the defaults the neuron is not silent without input: it spikes every 72 ms.
/// Each step is two of half its length, in which gates, V and gates follow each other (Strang 1968,
/// doi:10.1137/0705041), each with the other held, solved exactly: second order. At 0.1 ms it has
/// all 26 spikes of NEST's hh_cond_exp_traub under synaptic input, up to 1 ms off; exponential
/// Euler steps of 0.1 ms lose two of them. Source: Traub & Miles 1991,
/// doi:10.1017/CBO9780511895401, as in benchmark 3 of Brette et al. 2007,
/// doi:10.1007/s10827-007-0038-6, from which the defaults are.
namespace elm {

struct HhTraub {
    static constexpr const char* name = "hh_traub";
    static constexpr const char* summary = "Hodgkin-Huxley, Traub & Miles, conductances";
    static constexpr const char* source =
        "Traub & Miles 1991, doi:10.1017/CBO9780511895401; Brette et al. 2007, "
        "doi:10.1007/s10827-007-0038-6";
    static constexpr bool exact = false;
    static constexpr bool uses_last_spike = false;
    static constexpr ResetKind resets[] = {ResetKind::to_value};

    static constexpr NeuronQuantity parameters[] = {
        {"membrane_capacitance", "nF", 0.2, "charge that a potential needs", 1e-6, 1e6},
        {"leak_conductance", "uS", 0.01, "of the membrane at rest", 1e-9, 1e6},
        {"sodium_conductance", "uS", 20, "with all gates open", 0, 1e6},
        {"potassium_conductance", "uS", 6, "with all gates open", 0, 1e6},
        {"resting_potential", "mV", -60, "where the leak vanishes", -1000, 1000},
        {"sodium_reversal", "mV", 50, "where sodium currents vanish", -1000, 1000},
        {"potassium_reversal", "mV", -90, "where potassium currents vanish", -1000, 1000},
        {"kinetics_shift", "mV", -63, "V_T: from which the rates count", -1000, 1000},
        {"threshold", "mV", -33, "a maximum at or above it is a spike", -1000, 1000},
        {"refractory_period", "ms", 2, "time after a spike in which none is counted", 0, 1e6},
        {"excitatory_reversal", "mV", 0, "where excitatory currents vanish", -1000, 1000},
        {"inhibitory_reversal", "mV", -80, "where inhibitory currents vanish", -1000, 1000},
        {"tau_excitatory", "ms", 5, "decay of the excitatory conductance", 1e-3, 1e6},
        {"tau_inhibitory", "ms", 10, "decay of the inhibitory conductance", 1e-3, 1e6},
        {"constant_current", "nA", 0, "current that always flows", -1000, 1000}};
    template <class V>
    struct Parameters {
        V membrane_capacitance, leak_conductance, sodium_conductance, potassium_conductance;
        V resting_potential, sodium_reversal, potassium_reversal, kinetics_shift, threshold;
        V refractory_period, excitatory_reversal, inhibitory_reversal;
        V tau_excitatory, tau_inhibitory, constant_current;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.membrane_capacitance);
            body(self.leak_conductance);
            body(self.sodium_conductance);
            body(self.potassium_conductance);
            body(self.resting_potential);
            body(self.sodium_reversal);
            body(self.potassium_reversal);
            body(self.kinetics_shift);
            body(self.threshold);
            body(self.refractory_period);
            body(self.excitatory_reversal);
            body(self.inhibitory_reversal);
            body(self.tau_excitatory);
            body(self.tau_inhibitory);
            body(self.constant_current);
        }
    };
    static constexpr const char* conflict(const Parameters<double>& /*p*/, ResetKind /*reset*/) {
        return nullptr;
    }

    static constexpr NeuronQuantity inputs[] = {
        {"excitatory", "uS", 0.001, "added to the excitatory conductance", 0},
        {"inhibitory", "uS", 0.001, "added to the inhibitory conductance", 0},
        {"current", "nA", 0.01, "flows during the step"}};
    static constexpr InputDeposit deposits[] = {{4}, {5}, {}};
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
        {"membrane_potential", "mV", -2, "where the leak vanishes, before the first step"},
        {"sodium_activation", "", 0.005, "m; steady before the first step"},
        {"sodium_inactivation", "", -0.01, "h; steady before the first step"},
        {"potassium_activation", "", 0.01, "n; steady before the first step"},
        {"excitatory_conductance", "uS", 0.0005, "of synapses; 0 before the first step"},
        {"inhibitory_conductance", "uS", 0.001, "of synapses; 0 before the first step"},
        {"direction", "", -0.5, "of V: 1 it rises, 0 it has just ceased to, -1 neither"}};
    template <class V>
    struct State {
        V membrane_potential, sodium_activation, sodium_inactivation, potassium_activation;
        V excitatory_conductance, inhibitory_conductance, direction;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.membrane_potential);
            body(self.sodium_activation);
            body(self.sodium_inactivation);
            body(self.potassium_activation);
            body(self.excitatory_conductance);
            body(self.inhibitory_conductance);
            body(self.direction);
        }
    };

    static constexpr NeuronCoefficient coefficients[] = {{"per_conductance"},
                                                         {"leak"},
                                                         {"sodium"},
                                                         {"potassium"},
                                                         {"steady"},
                                                         {"sodium_reversal"},
                                                         {"potassium_reversal"},
                                                         {"kinetics_shift"},
                                                         {"threshold"},
                                                         {"excitatory_reversal"},
                                                         {"inhibitory_reversal"},
                                                         {"excitatory_quarter"},
                                                         {"inhibitory_quarter"},
                                                         {"half_step"},
                                                         {"resting"}};
    template <class V>
    struct Coefficients {
        V per_conductance;          // h / (2 C)
        V leak, sodium, potassium;  // conductances, uS
        V steady;                   // leak current at 0 mV and constant current, nA
        V sodium_reversal, potassium_reversal, kinetics_shift, threshold;
        V excitatory_reversal, inhibitory_reversal;
        V excitatory_quarter, inhibitory_quarter;  // decay in a quarter of a step
        V half_step;                               // h / 2, ms
        V resting;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.per_conductance);
            body(self.leak);
            body(self.sodium);
            body(self.potassium);
            body(self.steady);
            body(self.sodium_reversal);
            body(self.potassium_reversal);
            body(self.kinetics_shift);
            body(self.threshold);
            body(self.excitatory_reversal);
            body(self.inhibitory_reversal);
            body(self.excitatory_quarter);
            body(self.inhibitory_quarter);
            body(self.half_step);
            body(self.resting);
        }
    };
    static Coefficients<double> coefficients_of(const Parameters<double>& p, double time_step_ms) {
        const double h = time_step_ms;
        return {h / (2 * p.membrane_capacitance),
                p.leak_conductance,
                p.sodium_conductance,
                p.potassium_conductance,
                p.leak_conductance * p.resting_potential + p.constant_current,
                p.sodium_reversal,
                p.potassium_reversal,
                p.kinetics_shift,
                p.threshold,
                p.excitatory_reversal,
                p.inhibitory_reversal,
                std::exp(-h / (4 * p.tau_excitatory)),
                std::exp(-h / (4 * p.tau_inhibitory)),
                h / 2,
                p.resting_potential};
    }

    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static State<V> initial(const Coefficients<V>& c) {
        const Rates<V> rates = rates_at<Lanes>(c, c.resting);
        return {c.resting,
                rates.open_m / (rates.open_m + rates.close_m),
                rates.open_h / (rates.open_h + rates.close_h),
                rates.open_n / (rates.open_n + rates.close_n),
                V{},
                V{},
                V{} - 1};
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void integrate(const Coefficients<V>& c, ResetKind /*reset*/, State<V>& s,
                                 const V& /*spike*/, const Input<V>& input) {
        using Real = typename Lanes::Real;
        const V steady = c.steady + input.current;
        const V e = c.excitatory_quarter, i = c.inhibitory_quarter;
        const V before = s.membrane_potential;
        move_gates<Lanes>(c, s, Real(0.5) * c.half_step);
        move_potential<Lanes>(c, s, steady, e * s.excitatory_conductance,
                              i * s.inhibitory_conductance);
        move_gates<Lanes>(c, s, c.half_step);  // the ends of both halves
        move_potential<Lanes>(c, s, steady, e * e * e * s.excitatory_conductance,
                              i * i * i * s.inhibitory_conductance);
        move_gates<Lanes>(c, s, Real(0.5) * c.half_step);
        s.direction =
            hodgkin_huxley::next_direction<Lanes>(s.direction, before, s.membrane_potential);
        s.excitatory_conductance = e * e * e * e * s.excitatory_conductance + input.excitatory;
        s.inhibitory_conductance = i * i * i * i * s.inhibitory_conductance + input.inhibitory;
    }
    template <class Lanes, class Mask, class V = typename Lanes::Value>
    ELM_HD static void hold(const Coefficients<V>& /*c*/, ResetKind /*reset*/,
                            const Mask& /*refractory*/, State<V>& /*state*/) {}
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static V distance(const Coefficients<V>& c, const State<V>& s) {
        return hodgkin_huxley::distance_of_maximum<Lanes>(s.direction, s.membrane_potential,
                                                          c.threshold);
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void after_spike(const Coefficients<V>& /*c*/, ResetKind /*reset*/,
                                   State<V>& /*state*/, const V& /*spike*/) {}

private:
    template <class V>
    using Rates = hodgkin_huxley::Rates<V>;

    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static Rates<V> rates_at(const Coefficients<V>& c, const V& potential) {
        using Real = typename Lanes::Real;
        using hodgkin_huxley::over_exp1;
        const V u = potential - c.kinetics_shift;
        return {Real(1.28) * over_exp1<Lanes>(V((Real(13) - u) * Real(1.0 / 4))),
                Real(1.4) * over_exp1<Lanes>(V((u - Real(40)) * Real(1.0 / 5))),
                Real(0.128) * Lanes::exp(V((Real(17) - u) * Real(1.0 / 18))),
                Real(4) / (Lanes::exp(V((Real(40) - u) * Real(1.0 / 5))) + 1),
                Real(0.16) * over_exp1<Lanes>(V((Real(15) - u) * Real(1.0 / 5))),
                Real(0.5) * Lanes::exp(V((Real(10) - u) * Real(1.0 / 40)))};
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void move_gates(const Coefficients<V>& c, State<V>& s, const V& time) {
        hodgkin_huxley::move_gates<Lanes>(rates_at<Lanes>(c, s.membrane_potential), s, time);
    }
    /// Half a step with gates and conductances held.
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void move_potential(const Coefficients<V>& c, State<V>& s, const V& steady,
                                      const V& excitatory, const V& inhibitory) {
        const V m = s.sodium_activation, n = s.potassium_activation;
        const V sodium = c.sodium * m * m * m * s.sodium_inactivation;
        const V potassium = c.potassium * n * n * n * n;
        const V total = c.leak + sodium + potassium + excitatory + inhibitory;
        const V drive = steady + sodium * c.sodium_reversal + potassium * c.potassium_reversal +
                        excitatory * c.excitatory_reversal + inhibitory * c.inhibitory_reversal;
        const V end = drive / total;
        s.membrane_potential =
            end + (s.membrane_potential - end) * Lanes::exp(V(V{} - c.per_conductance * total));
    }
};
using hh_traub_neuron = HhTraub;  // by which neurons.def finds it

static_assert(PointNeuron<HhTraub> && DepositNeuron<HhTraub>);

}  // namespace elm

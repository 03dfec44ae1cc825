#pragma once

#include <cmath>

#include "neuron/point/hodgkin_huxley.h"

/// Hodgkin-Huxley neuron of the squid's axon with alpha-shaped synaptic currents.
///
///     C dV/dt = -g_L (V - E_L) - g_Na m^3 h (V - E_Na) - g_K n^4 (V - E_K) + I_e + I_i + I + I_0
///     dx/dt   = a_x (1 - x) - b_x x,  x = m, h, n;  in 1/ms:
///
///     a_m = 0.1 (V + 40) / (1 - exp(-(V + 40) / 10))     b_m = 4 exp(-(V + 65) / 18)
///     a_h = 0.07 exp(-(V + 65) / 20)                     b_h = 1 / (1 + exp(-(V + 35) / 10))
///     a_n = 0.01 (V + 55) / (1 - exp(-(V + 55) / 10))    b_n = 0.125 exp(-(V + 65) / 80)
///
/// A synaptic event of weight w adds w (e / tau) t exp(-t / tau), with its peak w at tau. V in mV,
/// conductances in uS, C in nF, currents in nA. A spike is the first step in which V falls after it
/// rose, and still is at or above the threshold; in refractory steps none is counted, and V goes
/// on. Steps are those of hh_traub.h, second order, with the currents at the middles of both
/// halves. Sources: Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764, with potentials of
/// today's sign as in Gerstner & Kistler 2002, doi:10.1017/CBO9780511815706; the defaults are those
/// of NEST's hh_psc_alpha.
namespace elm {

struct HhAlpha {
    static constexpr const char* name = "hh_alpha";
    static constexpr const char* summary =
        "Hodgkin-Huxley, the squid's axon, alpha-shaped currents";
    static constexpr const char* source =
        "Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764; Gerstner & Kistler 2002, "
        "doi:10.1017/CBO9780511815706";
    static constexpr bool exact = false;
    static constexpr bool uses_last_spike = false;
    static constexpr ResetKind resets[] = {ResetKind::to_value};

    static constexpr NeuronQuantity parameters[] = {
        {"membrane_capacitance", "nF", 0.1, "charge that a potential needs", 1e-6, 1e6},
        {"leak_conductance", "uS", 0.03, "of the membrane at rest", 1e-9, 1e6},
        {"sodium_conductance", "uS", 12, "with all gates open", 0, 1e6},
        {"potassium_conductance", "uS", 3.6, "with all gates open", 0, 1e6},
        {"resting_potential", "mV", -54.402, "where the leak vanishes", -1000, 1000},
        {"sodium_reversal", "mV", 50, "where sodium currents vanish", -1000, 1000},
        {"potassium_reversal", "mV", -77, "where potassium currents vanish", -1000, 1000},
        {"threshold", "mV", 0, "a maximum at or above it is a spike", -1000, 1000},
        {"refractory_period", "ms", 2, "time after a spike in which none is counted", 0, 1e6},
        {"tau_excitatory", "ms", 0.2, "of the excitatory current", 1e-3, 1e6},
        {"tau_inhibitory", "ms", 2, "of the inhibitory current", 1e-3, 1e6},
        {"constant_current", "nA", 0, "current that always flows", -1000, 1000}};
    template <class V>
    struct Parameters {
        V membrane_capacitance, leak_conductance, sodium_conductance, potassium_conductance;
        V resting_potential, sodium_reversal, potassium_reversal, threshold, refractory_period;
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
            body(self.threshold);
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
        {"excitatory", "nA", 0.1, "peak of an excitatory current"},
        {"inhibitory", "nA", -0.1, "peak of an inhibitory current"},
        {"current", "nA", 0.01, "flows during the step"}};
    static constexpr InputDeposit deposits[] = {{5, 8}, {7, 9}, {}};
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
        {"membrane_potential", "mV", -2, "at -65 mV before the first step"},
        {"sodium_activation", "", 0.005, "m; steady before the first step"},
        {"sodium_inactivation", "", -0.01, "h; steady before the first step"},
        {"potassium_activation", "", 0.01, "n; steady before the first step"},
        {"excitatory_current", "nA", 0.05, "of synapses; 0 before the first step"},
        {"excitatory_rise", "nA/ms", 0.1, "of the excitatory current; 0 before the first step"},
        {"inhibitory_current", "nA", -0.05, "of synapses; 0 before the first step"},
        {"inhibitory_rise", "nA/ms", -0.1, "of the inhibitory current; 0 before the first step"},
        {"direction", "", -0.5, "of V: 1 it rises, 0 it has just ceased to, -1 neither"}};
    template <class V>
    struct State {
        V membrane_potential, sodium_activation, sodium_inactivation, potassium_activation;
        V excitatory_current, excitatory_rise, inhibitory_current, inhibitory_rise, direction;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.membrane_potential);
            body(self.sodium_activation);
            body(self.sodium_inactivation);
            body(self.potassium_activation);
            body(self.excitatory_current);
            body(self.excitatory_rise);
            body(self.inhibitory_current);
            body(self.inhibitory_rise);
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
                                                         {"threshold"},
                                                         {"excitatory_jump"},
                                                         {"inhibitory_jump"},
                                                         {"excitatory_quarter"},
                                                         {"inhibitory_quarter"},
                                                         {"half_step"}};
    template <class V>
    struct Coefficients {
        V per_conductance;          // h / (2 C)
        V leak, sodium, potassium;  // conductances, uS
        V steady;                   // leak current at 0 mV and constant current, nA
        V sodium_reversal, potassium_reversal, threshold;
        V excitatory_jump, inhibitory_jump;        // e / tau, 1/ms
        V excitatory_quarter, inhibitory_quarter;  // decay in a quarter of a step
        V half_step;                               // h / 2, ms
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.per_conductance);
            body(self.leak);
            body(self.sodium);
            body(self.potassium);
            body(self.steady);
            body(self.sodium_reversal);
            body(self.potassium_reversal);
            body(self.threshold);
            body(self.excitatory_jump);
            body(self.inhibitory_jump);
            body(self.excitatory_quarter);
            body(self.inhibitory_quarter);
            body(self.half_step);
        }
    };
    static Coefficients<double> coefficients_of(const Parameters<double>& p, double time_step_ms) {
        const double h = time_step_ms, euler = std::exp(1.0);
        return {h / (2 * p.membrane_capacitance),
                p.leak_conductance,
                p.sodium_conductance,
                p.potassium_conductance,
                p.leak_conductance * p.resting_potential + p.constant_current,
                p.sodium_reversal,
                p.potassium_reversal,
                p.threshold,
                euler / p.tau_excitatory,
                euler / p.tau_inhibitory,
                std::exp(-h / (4 * p.tau_excitatory)),
                std::exp(-h / (4 * p.tau_inhibitory)),
                h / 2};
    }

    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static State<V> initial(const Coefficients<V>& /*c*/) {
        using Real = typename Lanes::Real;
        const V potential = V{} + Real(-65);
        const auto rates = rates_at<Lanes>(potential);
        return {potential,
                rates.open_m / (rates.open_m + rates.close_m),
                rates.open_h / (rates.open_h + rates.close_h),
                rates.open_n / (rates.open_n + rates.close_n),
                V{},
                V{},
                V{},
                V{},
                V{} - 1};
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void integrate(const Coefficients<V>& c, ResetKind /*reset*/, State<V>& s,
                                 const V& /*spike*/, const Input<V>& input) {
        using Real = typename Lanes::Real;
        const V steady = c.steady + input.current;
        const V before = s.membrane_potential, quarter = Real(0.5) * c.half_step;
        move_gates<Lanes>(s, quarter);
        move_currents<Lanes>(c, s, quarter);
        move_potential<Lanes>(c, s, steady);
        move_gates<Lanes>(s, c.half_step);  // the ends of both halves
        move_currents<Lanes>(c, s, quarter);
        move_currents<Lanes>(c, s, quarter);
        move_potential<Lanes>(c, s, steady);
        move_gates<Lanes>(s, quarter);
        move_currents<Lanes>(c, s, quarter);
        s.direction =
            hodgkin_huxley::next_direction<Lanes>(s.direction, before, s.membrane_potential);
        s.excitatory_rise = s.excitatory_rise + c.excitatory_jump * input.excitatory;
        s.inhibitory_rise = s.inhibitory_rise + c.inhibitory_jump * input.inhibitory;
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
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static hodgkin_huxley::Rates<V> rates_at(const V& potential) {
        using Real = typename Lanes::Real;
        using hodgkin_huxley::over_exp1;
        const V u = potential + Real(65);
        return {over_exp1<Lanes>(V((Real(25) - u) * Real(0.1))),
                Real(4) * Lanes::exp(V(u * Real(-1.0 / 18))),
                Real(0.07) * Lanes::exp(V(u * Real(-1.0 / 20))),
                Real(1) / (Lanes::exp(V((Real(30) - u) * Real(0.1))) + 1),
                Real(0.1) * over_exp1<Lanes>(V((Real(10) - u) * Real(0.1))),
                Real(0.125) * Lanes::exp(V(u * Real(-1.0 / 80)))};
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void move_gates(State<V>& s, const V& time) {
        hodgkin_huxley::move_gates<Lanes>(rates_at<Lanes>(s.membrane_potential), s, time);
    }
    /// A quarter of a step, exact.
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void move_currents(const Coefficients<V>& c, State<V>& s, const V& quarter) {
        const V e = c.excitatory_quarter, i = c.inhibitory_quarter;
        s.excitatory_current = e * (s.excitatory_current + quarter * s.excitatory_rise);
        s.excitatory_rise = e * s.excitatory_rise;
        s.inhibitory_current = i * (s.inhibitory_current + quarter * s.inhibitory_rise);
        s.inhibitory_rise = i * s.inhibitory_rise;
    }
    /// Half a step with gates and currents held.
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void move_potential(const Coefficients<V>& c, State<V>& s, const V& steady) {
        const V m = s.sodium_activation, n = s.potassium_activation;
        const V sodium = c.sodium * m * m * m * s.sodium_inactivation;
        const V potassium = c.potassium * n * n * n * n;
        const V total = c.leak + sodium + potassium;
        const V drive = steady + s.excitatory_current + s.inhibitory_current +
                        sodium * c.sodium_reversal + potassium * c.potassium_reversal;
        const V end = drive / total;
        s.membrane_potential =
            end + (s.membrane_potential - end) * Lanes::exp(V(V{} - c.per_conductance * total));
    }
};
using hh_alpha_neuron = HhAlpha;  // by which neurons.def finds it

static_assert(PointNeuron<HhAlpha> && DepositNeuron<HhAlpha>);

}  // namespace elm

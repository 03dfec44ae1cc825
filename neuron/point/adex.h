#pragma once

#include <algorithm>
#include <cmath>

#include "neuron/point/neuron.h"

/// Adaptive exponential integrate-and-fire neuron with exponentially decaying conductances.
///
///     C dV/dt     = -g_L (V - E_L) + g_L D exp((V - V_T) / D)
///                   - g_e (V - E_e) - g_i (V - E_i) - w + I + I_0
///     tau_w dw/dt = a (V - E_L) - w;              V reaches V_p: V = V_r, w += b
///     dg_x/dt     = -g_x / tau_x,  x = e (excitatory), i (inhibitory);  a synaptic event adds its
///     weight to g_e or g_i
///
/// V in mV, conductances and a in uS, C in nF, currents, w and b in nA. The reset happens where V
/// reaches V_p within the step, and the neuron goes on from there: several spikes of one step count
/// as one. In the refractory time V stays at V_r and w follows it.
///
/// A step is cut into pieces, each neuron its own: conductances are exact, V and w go by the
/// classical Runge-Kutta method of fourth order. A piece is at most 0.05 ms, a quarter of a
/// synaptic time constant and, in the upstroke, 1 / 48 of the time C / g_L exp(-x),
/// x = (V - V_T) / D, after which the exponential alone would be infinite. From x = 10 on V_p is
/// reached by the closed form, with z = exp(-x), A = g_L D / C, and F the rest of dV/dt, whose mean
/// over z dz counts, that at V + D / 2:
///
///     dz/dt = -(A + F z) / D,   time to V_p = C / g_L (z - z_p) (1 - F (z + z_p) / (2 A))
///
/// Source: Brette & Gerstner 2005, doi:10.1152/jn.00686.2005, from which the defaults are;
/// conductances and order of a step as in NEST's aeif_cond_exp, whose adaptive integration at a
/// tolerance of 1e-10 this one follows to 1e-5 mV and in all spikes at steps of 0.1 ms.
/// Validated: time steps of 0.1 ms and below, bursts (V_r above V_T) included.
namespace elm {

struct Adex {
    static constexpr const char* name = "adex";
    static constexpr const char* summary = "adaptive exponential, exponential conductances";
    static constexpr const char* source = "Brette & Gerstner 2005, doi:10.1152/jn.00686.2005";
    static constexpr bool exact = false;
    static constexpr bool uses_last_spike = false;
    static constexpr ResetKind resets[] = {ResetKind::to_value};

    static constexpr NeuronQuantity parameters[] = {
        {"membrane_capacitance", "nF", 0.281, "charge that a potential needs", 1e-6, 1e6},
        {"leak_conductance", "uS", 0.03, "of the membrane at rest", 1e-9, 1e6},
        {"resting_potential", "mV", -70.6, "where the leak vanishes", -1000, 1000},
        {"threshold", "mV", -50.4, "V_T: where the upstroke begins to feed itself", -1000, 1000},
        {"slope_factor", "mV", 2, "D: how sharply it begins", 0.01, 100},
        {"peak_potential", "mV", 0, "V_p: where a spike ends the upstroke", -1000, 1000},
        {"reset_potential", "mV", -60, "potential after a spike", -1000, 1000},
        {"refractory_period", "ms", 0, "time after a spike without another", 0, 1e6},
        {"tau_adaptation", "ms", 144, "time constant of the adaptation", 1e-3, 1e6},
        {"adaptation_coupling", "uS", 0.004, "a: adaptation that a potential leads to", -1e3, 1e3},
        {"adaptation_jump", "nA", 0.0805, "b: rise of the adaptation with a spike", -1e3, 1e3},
        {"excitatory_reversal", "mV", 0, "where excitatory currents vanish", -1000, 1000},
        {"inhibitory_reversal", "mV", -85, "where inhibitory currents vanish", -1000, 1000},
        {"tau_excitatory", "ms", 0.2, "decay of the excitatory conductance", 1e-3, 1e6},
        {"tau_inhibitory", "ms", 2, "decay of the inhibitory conductance", 1e-3, 1e6},
        {"constant_current", "nA", 0, "current that always flows", -1000, 1000}};
    template <class V>
    struct Parameters {
        V membrane_capacitance, leak_conductance, resting_potential, threshold, slope_factor;
        V peak_potential, reset_potential, refractory_period;
        V tau_adaptation, adaptation_coupling, adaptation_jump;
        V excitatory_reversal, inhibitory_reversal, tau_excitatory, tau_inhibitory;
        V constant_current;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.membrane_capacitance);
            body(self.leak_conductance);
            body(self.resting_potential);
            body(self.threshold);
            body(self.slope_factor);
            body(self.peak_potential);
            body(self.reset_potential);
            body(self.refractory_period);
            body(self.tau_adaptation);
            body(self.adaptation_coupling);
            body(self.adaptation_jump);
            body(self.excitatory_reversal);
            body(self.inhibitory_reversal);
            body(self.tau_excitatory);
            body(self.tau_inhibitory);
            body(self.constant_current);
        }
    };
    static constexpr const char* conflict(const Parameters<double>& p, ResetKind /*reset*/) {
        if (p.reset_potential >= p.peak_potential)
            return "reset_potential must lie below peak_potential";
        if (p.peak_potential <= p.threshold) return "peak_potential must lie above threshold";
        if (p.peak_potential > p.threshold + 80 * p.slope_factor)
            return "peak_potential must lie at most 80 slope factors above threshold";
        // Else hundreds of spikes would lie in a step.
        if (p.reset_potential > p.threshold + 8 * p.slope_factor)
            return "reset_potential must lie at most 8 slope factors above threshold";
        return nullptr;
    }

    static constexpr NeuronQuantity inputs[] = {
        {"excitatory", "uS", 0.001, "added to the excitatory conductance", 0},
        {"inhibitory", "uS", 0.001, "added to the inhibitory conductance", 0},
        {"current", "nA", 0.05, "flows during the step"}};
    static constexpr InputDeposit deposits[] = {{2}, {3}, {}};
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
        {"membrane_potential", "mV", 2, "where the leak vanishes, before the first step"},
        {"adaptation", "nA", 0.01, "w; 0 before the first step"},
        {"excitatory_conductance", "uS", 0.001, "of synapses; 0 before the first step"},
        {"inhibitory_conductance", "uS", 0.002, "of synapses; 0 before the first step"},
        {"silence", "", -0.5, "steps up to the end of the refractory time, and 1 for the spike"}};
    template <class V>
    struct State {
        V membrane_potential, adaptation, excitatory_conductance, inhibitory_conductance, silence;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.membrane_potential);
            body(self.adaptation);
            body(self.excitatory_conductance);
            body(self.inhibitory_conductance);
            body(self.silence);
        }
    };

    static constexpr NeuronCoefficient coefficients[] = {{"time_step"},
                                                         {"longest_piece"},
                                                         {"per_current"},
                                                         {"leak"},
                                                         {"membrane_time"},
                                                         {"resting"},
                                                         {"threshold"},
                                                         {"per_slope"},
                                                         {"slope"},
                                                         {"peak"},
                                                         {"peak_remainder"},
                                                         {"reset"},
                                                         {"refractory_steps"},
                                                         {"adaptation_rate"},
                                                         {"adaptation_coupling"},
                                                         {"adaptation_jump"},
                                                         {"excitatory_reversal"},
                                                         {"inhibitory_reversal"},
                                                         {"excitatory_rate"},
                                                         {"inhibitory_rate"},
                                                         {"excitatory_decay"},
                                                         {"inhibitory_decay"},
                                                         {"constant_current"}};
    template <class V>
    struct Coefficients {
        V time_step, longest_piece;  // ms
        V per_current;               // 1 / C
        V leak, membrane_time;       // g_L / C, C / g_L
        V resting, threshold;
        V per_slope, slope;      // 1 / D, g_L D / C
        V peak, peak_remainder;  // z_p
        V reset, refractory_steps;
        V adaptation_rate, adaptation_coupling, adaptation_jump;  // rate: 1 / tau_w
        V excitatory_reversal, inhibitory_reversal;
        V excitatory_rate, inhibitory_rate;    // 1 / (2 tau)
        V excitatory_decay, inhibitory_decay;  // in a step
        V constant_current;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.time_step);
            body(self.longest_piece);
            body(self.per_current);
            body(self.leak);
            body(self.membrane_time);
            body(self.resting);
            body(self.threshold);
            body(self.per_slope);
            body(self.slope);
            body(self.peak);
            body(self.peak_remainder);
            body(self.reset);
            body(self.refractory_steps);
            body(self.adaptation_rate);
            body(self.adaptation_coupling);
            body(self.adaptation_jump);
            body(self.excitatory_reversal);
            body(self.inhibitory_reversal);
            body(self.excitatory_rate);
            body(self.inhibitory_rate);
            body(self.excitatory_decay);
            body(self.inhibitory_decay);
            body(self.constant_current);
        }
    };
    static Coefficients<double> coefficients_of(const Parameters<double>& p, double time_step_ms) {
        const double h = time_step_ms, c = p.membrane_capacitance, g = p.leak_conductance;
        const double longest = std::min({0.05, p.tau_excitatory / 4, p.tau_inhibitory / 4});
        return {h,
                h / std::ceil(h / longest),
                1 / c,
                g / c,
                c / g,
                p.resting_potential,
                p.threshold,
                1 / p.slope_factor,
                g * p.slope_factor / c,
                p.peak_potential,
                std::exp(-(p.peak_potential - p.threshold) / p.slope_factor),
                p.reset_potential,
                std::round(p.refractory_period / h),
                1 / p.tau_adaptation,
                p.adaptation_coupling,
                p.adaptation_jump,
                p.excitatory_reversal,
                p.inhibitory_reversal,
                0.5 / p.tau_excitatory,
                0.5 / p.tau_inhibitory,
                std::exp(-h / p.tau_excitatory),
                std::exp(-h / p.tau_inhibitory),
                p.constant_current};
    }

    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static State<V> initial(const Coefficients<V>& c) {
        return {c.resting, V{}, V{}, V{}, V{}};
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void integrate(const Coefficients<V>& c, ResetKind /*reset*/, State<V>& s,
                                 const V& /*spike*/, const Input<V>& input) {
        const V zero{}, one = V{} + 1;
        const V current = c.constant_current + input.current;
        s.silence = Lanes::select(s.silence >= one, V(s.silence - one), zero);
        Motion<V> now{Lanes::select(s.silence >= one, c.reset, s.membrane_potential),
                      s.adaptation,
                      s.excitatory_conductance,
                      s.inhibitory_conductance,
                      Lanes::select(s.silence >= one, zero, one),
                      c.time_step};
        for (int piece = 0; piece < most_pieces && Lanes::any(now.left > zero); ++piece) {
            const V spikes = advance<Lanes>(c, current, now);
            s.silence = Lanes::select(spikes > zero, V(c.refractory_steps + one), s.silence);
        }
        s.membrane_potential = now.potential;
        s.adaptation = now.adaptation;
        s.excitatory_conductance = c.excitatory_decay * s.excitatory_conductance + input.excitatory;
        s.inhibitory_conductance = c.inhibitory_decay * s.inhibitory_conductance + input.inhibitory;
    }
    template <class Lanes, class Mask, class V = typename Lanes::Value>
    ELM_HD static void hold(const Coefficients<V>& c, ResetKind /*reset*/, const Mask& refractory,
                            State<V>& s) {
        s.membrane_potential = Lanes::select(refractory, c.reset, s.membrane_potential);
    }
    /// Above 0 in the step of a spike, in which `silence` is one step more than the refractory
    /// time.
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static V distance(const Coefficients<V>& c, const State<V>& s) {
        return s.silence - c.refractory_steps - typename Lanes::Real(0.5);
    }
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void after_spike(const Coefficients<V>& /*c*/, ResetKind /*reset*/,
                                   State<V>& /*state*/, const V& /*spike*/) {}

private:
    /// A bound for numbers that nothing sensible needs.
    static constexpr int most_pieces = 100'000;

    /// A neuron within a step.
    template <class V>
    struct Motion {
        V potential, adaptation, excitatory, inhibitory;
        V moves;  // 1; 0 in the refractory time
        V left;   // of the step, ms
    };
    template <class V>
    struct Slope {
        V potential, adaptation;
    };

    template <class Lanes, class V>
    ELM_HD static V smaller(const V& a, const V& b) {
        return Lanes::select(a < b, a, b);
    }
    /// F: dV/dt without the exponential.
    template <class V>
    ELM_HD static V other_slope(const Coefficients<V>& c, const V& v, const V& w, const V& e,
                                const V& i, const V& current) {
        return c.per_current * (current - w - e * (v - c.excitatory_reversal) -
                                i * (v - c.inhibitory_reversal)) -
               c.leak * (v - c.resting);
    }
    /// Both slopes at a potential, which counts as V_p above it.
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static Slope<V> slope(const Coefficients<V>& c, const Motion<V>& at, const V& potential,
                                 const V& w, const V& e, const V& i, const V& current) {
        const V v = smaller<Lanes>(potential, c.peak);
        const V upstroke = c.slope * Lanes::exp(V((v - c.threshold) * c.per_slope));
        return {at.moves * (upstroke + other_slope(c, v, w, e, i, current)),
                c.adaptation_rate * (c.adaptation_coupling * (v - c.resting) - w)};
    }

    /// One piece of the step; 1 for neurons whose spike ended it.
    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static V advance(const Coefficients<V>& c, const V& current, Motion<V>& now) {
        using Real = typename Lanes::Real;
        const V zero{}, one = V{} + 1;
        const V v = now.potential, w = now.adaptation;
        const V e = now.excitatory, i = now.inhibitory;
        // Rounding must leave no last piece of next to nothing.
        V time = Lanes::select(now.left > Real(1.001) * c.longest_piece, c.longest_piece, now.left);

        const V x = (v - c.threshold) * c.per_slope;
        const V remainder = Lanes::exp(V(zero - x));  // z
        const V least = zero + Real(4.54e-5);         // that of x = 10
        const V fine =
            Real(1.0 / 48) * c.membrane_time * Lanes::select(remainder > least, remainder, least);
        time = Lanes::select(now.moves * (time - fine) > zero, fine, time);

        const V leaks = c.slope * (one + c.membrane_time * c.per_current * (e + i));
        const V other = other_slope(c, v, w, e, i, current) - Real(0.5) * leaks;
        const V bend = Real(0.5) * other * (remainder + c.peak_remainder) / c.slope;
        const V to_peak = c.membrane_time * (remainder - c.peak_remainder) * (one - bend);
        V leaps = Lanes::select(x >= zero + Real(10), now.moves, zero);
        leaps = Lanes::select(bend * bend < zero + Real(0.0025), leaps, zero);
        leaps = Lanes::select(to_peak <= now.left, leaps, zero);
        time = Lanes::select(leaps > zero, Lanes::select(to_peak > zero, to_peak, zero), time);

        const V half_e = Lanes::exp(V(zero - time * c.excitatory_rate));
        const V half_i = Lanes::exp(V(zero - time * c.inhibitory_rate));
        const V half = Real(0.5) * time;
        const Slope<V> k1 = slope<Lanes>(c, now, v, w, e, i, current);
        const Slope<V> k2 =
            slope<Lanes>(c, now, V(v + half * k1.potential), V(w + half * k1.adaptation),
                         V(half_e * e), V(half_i * i), current);
        const Slope<V> k3 =
            slope<Lanes>(c, now, V(v + half * k2.potential), V(w + half * k2.adaptation),
                         V(half_e * e), V(half_i * i), current);
        const Slope<V> k4 =
            slope<Lanes>(c, now, V(v + time * k3.potential), V(w + time * k3.adaptation),
                         V(half_e * half_e * e), V(half_i * half_i * i), current);
        const V sixth = Real(1.0 / 6) * time;
        const V end =
            v + sixth * (k1.potential + k4.potential + Real(2) * (k2.potential + k3.potential));
        // On the way to V_p the mean of V over time is V + D.
        const V mean = c.adaptation_coupling * (v + one / c.per_slope - c.resting) - w;
        const V end_w = w + Lanes::select(leaps > zero, V(time * c.adaptation_rate * mean),
                                          V(sixth * (k1.adaptation + k4.adaptation +
                                                     Real(2) * (k2.adaptation + k3.adaptation))));

        // What crossed V_p did so after this share of the piece.
        const V spikes = Lanes::select(end >= c.peak, now.moves, leaps);
        const V rise = end - v;
        V share = Lanes::select(rise > zero, V((c.peak - v) / rise), one);
        share = Lanes::select(spikes > leaps, smaller<Lanes>(share, one), one);
        now.potential = Lanes::select(spikes > zero, c.reset, end);
        now.adaptation = w + share * (end_w - w) + spikes * c.adaptation_jump;
        now.excitatory = e + share * (half_e * half_e * e - e);
        now.inhibitory = i + share * (half_i * half_i * i - i);
        now.left = now.left - share * time;
        now.moves = Lanes::select(spikes * c.refractory_steps > zero, zero, now.moves);
        return spikes;
    }
};
using adex_neuron = Adex;  // by which neurons.def finds it

static_assert(PointNeuron<Adex> && DepositNeuron<Adex>);

}  // namespace elm

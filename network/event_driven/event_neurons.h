#pragma once

#include <cmath>
#include <limits>

#include "neuron/point/exact_currents.h"
#include "neuron/point/lif.h"
#include "neuron/point/lif_alpha.h"
#include "neuron/point/lif_exponential.h"

/// Neurons between events, without a grid: what the event-driven engine asks of a model. Times are
/// in ms and relative to the state's own time.
namespace elm::network {

inline constexpr double never = std::numeric_limits<double>::infinity();

/// A zero of `value` in (low, high], where it rises from below 0 to at least 0, by Newton's method
/// that falls back on halving the bracket. To the last bits of the time.
template <class Value, class Slope>
double rising_zero(double low, double high, const Value& value, const Slope& slope) {
    double at = 0.5 * (low + high);
    for (int i = 0; i < 200; ++i) {
        const double here = value(at);
        (here < 0 ? low : high) = at;
        double next = at - here / slope(at);
        if (!(next > low && next < high)) next = 0.5 * (low + high);
        if (std::abs(next - at) <= 4e-16 * high || next == low || next == high) return next;
        at = next;
    }
    return at;
}

/// LIF with delta synapses: closed forms of lif.h. Input in the refractory time is lost.
struct EventLif {
    static constexpr const char* name = Lif::name;
    using Parameters = Lif::Parameters<double>;
    using Coefficients = Lif::EventCoefficients<double>;
    using State = Lif::State<double>;

    static Coefficients coefficients_of(const Parameters& p) {
        return Lif::event_coefficients_of(p);
    }
    static State initial(const Coefficients& c) { return {c.resting}; }
    static void advance(const Coefficients& c, State& s, double gap) { Lif::advance(c, s, gap); }
    static void hold(const Coefficients& /*c*/, State& /*s*/, double /*gap*/) {}
    static void receive(const Coefficients& /*c*/, State& s, std::size_t /*input*/, double weight,
                        bool is_refractory) {
        if (!is_refractory) s.membrane_potential += weight;
    }
    /// Time to the first crossing in (0, horizon]; 0 above threshold.
    static double next_spike(const Coefficients& c, const State& s, double horizon) {
        const double time = Lif::next_spike_ms(c, s);
        return time <= horizon ? time : never;
    }
    static void reset(const Coefficients& c, State& s) { Lif::reset(c, s); }
};

/// LIF with exponential currents. V between events is the exact solution; its first crossing is
/// found between its extrema, of which there are at most two: g = V' exp(t / tau_m) has one at most
/// (where the slopes of the two currents cancel), so its zeros are bracketed by it.
/// A crossing and return between two events is therefore never missed.
/// Cf. Brette 2007, doi:10.1162/neco.2007.19.10.2604; Krishnan et al. 2018,
/// doi:10.3389/fninf.2017.00075.
struct EventLifExponential {
    static constexpr const char* name = LifExponential::name;
    using Parameters = LifExponential::Parameters<double>;
    using State = LifExponential::State<double>;
    struct Coefficients {
        double tau_m, capacitance, tau_excitatory, tau_inhibitory, resting, threshold, reset;
    };

    static Coefficients coefficients_of(const Parameters& p);
    static State initial(const Coefficients& c) { return {c.resting, 0, 0}; }
    static void advance(const Coefficients& c, State& s, double gap);
    static void hold(const Coefficients& c, State& s, double gap);
    static void receive(const Coefficients& /*c*/, State& s, std::size_t input, double weight,
                        bool /*is_refractory*/) {
        (input == 0 ? s.excitatory_current : s.inhibitory_current) += weight;
    }
    static double next_spike(const Coefficients& c, const State& s, double horizon);
    static void reset(const Coefficients& c, State& s) { s.membrane_potential = c.reset; }
};

/// LIF with alpha-shaped currents. V between events is the exact solution; V' exp(t / tau_m) turns
/// where the sum of the currents does, and that, but for an exponential, is a linear function plus
/// one times an exponential, whose second derivative has one zero: three times over, zeros of the
/// derivative bracket those of the function, so that V has four extrema at most and none is missed.
struct EventLifAlpha {
    static constexpr const char* name = LifAlpha::name;
    using Parameters = LifAlpha::Parameters<double>;
    using State = LifAlpha::State<double>;
    using Coefficients = EventLifExponential::Coefficients;

    static Coefficients coefficients_of(const Parameters& p) {
        return EventLifExponential::coefficients_of(p);
    }
    static State initial(const Coefficients& c) { return {c.resting, 0, 0, 0, 0}; }
    static void advance(const Coefficients& c, State& s, double gap);
    static void hold(const Coefficients& c, State& s, double gap);
    static void receive(const Coefficients& c, State& s, std::size_t input, double weight,
                        bool is_refractory);
    static double next_spike(const Coefficients& c, const State& s, double horizon);
    static void reset(const Coefficients& c, State& s) { s.membrane_potential = c.reset; }
};

}  // namespace elm::network

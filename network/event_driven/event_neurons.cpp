#include "network/event_driven/event_neurons.h"

#include <algorithm>

namespace elm::network {
namespace {

using Coefficients = EventLifExponential::Coefficients;
using State = EventLifExponential::State;

double potential(const Coefficients& c, const State& s, double t) {
    return c.resting + std::exp(-t / c.tau_m) * (s.membrane_potential - c.resting) +
           exact_currents::of_exponential(t, c.tau_m, c.tau_excitatory, c.capacitance) *
               s.excitatory_current +
           exact_currents::of_exponential(t, c.tau_m, c.tau_inhibitory, c.capacitance) *
               s.inhibitory_current;
}

double slope(const Coefficients& c, const State& s, double t) {
    const double current = s.excitatory_current * std::exp(-t / c.tau_excitatory) +
                           s.inhibitory_current * std::exp(-t / c.tau_inhibitory);
    return (c.resting - potential(c, s, t)) / c.tau_m + current / c.capacitance;
}

/// Where the slopes of the two currents cancel; never if they do not.
double turning_point(const Coefficients& c, const State& s) {
    const double ratio =
        -(s.excitatory_current * c.tau_inhibitory) / (s.inhibitory_current * c.tau_excitatory);
    if (!(ratio > 0) || !std::isfinite(ratio) || c.tau_excitatory == c.tau_inhibitory) return never;
    return std::log(ratio) / (1 / c.tau_excitatory - 1 / c.tau_inhibitory);
}

/// The extremum of V in (low, high), where its slope has one zero at most.
double extremum(const Coefficients& c, const State& s, double low, double high) {
    const double from = slope(c, s, low), to = slope(c, s, high);
    if (!((from < 0 && to > 0) || (from > 0 && to < 0))) return never;
    // Halving: V is flat there, so the place is not needed to its last bits.
    for (int i = 0; i < 60; ++i) {
        const double middle = 0.5 * (low + high);
        (((slope(c, s, middle) < 0) == (from < 0)) ? low : high) = middle;
    }
    return 0.5 * (low + high);
}

}  // namespace

EventLifExponential::Coefficients EventLifExponential::coefficients_of(const Parameters& p) {
    return {p.tau_m,
            p.membrane_capacitance,
            p.tau_excitatory,
            p.tau_inhibitory,
            p.resting_potential + p.tau_m / p.membrane_capacitance * p.constant_current,
            p.threshold,
            p.reset_potential};
}

void EventLifExponential::advance(const Coefficients& c, State& s, double gap) {
    s.membrane_potential = potential(c, s, gap);
    hold(c, s, gap);
}

void EventLifExponential::hold(const Coefficients& c, State& s, double gap) {
    s.excitatory_current *= std::exp(-gap / c.tau_excitatory);
    s.inhibitory_current *= std::exp(-gap / c.tau_inhibitory);
}

double EventLifExponential::next_spike(const Coefficients& c, const State& s, double horizon) {
    if (s.membrane_potential >= c.threshold) return 0;
    const double push = std::max(0.0, s.excitatory_current) + std::max(0.0, s.inhibitory_current);
    const double highest =
        std::max(s.membrane_potential, c.resting + c.tau_m / c.capacitance * push);
    if (highest < c.threshold) return never;
    double ends[4] = {0, 0, 0, 0};
    int n = 1;
    const double turn = turning_point(c, s);
    const bool splits = turn > 0 && turn < horizon;
    const double first = extremum(c, s, 0, splits ? turn : horizon);
    if (first < never) ends[n++] = first;
    if (splits) {
        const double second = extremum(c, s, turn, horizon);
        if (second < never) ends[n++] = second;
    }
    ends[n++] = horizon;
    for (int i = 1; i < n; ++i) {
        if (potential(c, s, ends[i]) < c.threshold) continue;
        return rising_zero(
            ends[i - 1], ends[i], [&](double t) { return potential(c, s, t) - c.threshold; },
            [&](double t) { return slope(c, s, t); });
    }
    return never;
}

}  // namespace elm::network

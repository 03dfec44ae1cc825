#include <algorithm>
#include <numbers>
#include <vector>

#include "network/event_driven/event_neurons.h"

namespace elm::network {
namespace {

using Coefficients = EventLifAlpha::Coefficients;
using State = EventLifAlpha::State;

double potential(const Coefficients& c, const State& s, double t) {
    const auto of = [&](double tau, double current, double rise) {
        return exact_currents::of_exponential(t, c.tau_m, tau, c.capacitance) * current +
               exact_currents::of_alpha_rise(t, c.tau_m, tau, c.capacitance) * rise;
    };
    return c.resting + std::exp(-t / c.tau_m) * (s.membrane_potential - c.resting) +
           of(c.tau_excitatory, s.excitatory_current, s.excitatory_rise) +
           of(c.tau_inhibitory, s.inhibitory_current, s.inhibitory_rise);
}

double slope(const Coefficients& c, const State& s, double t) {
    const double current =
        std::exp(-t / c.tau_excitatory) * (s.excitatory_current + t * s.excitatory_rise) +
        std::exp(-t / c.tau_inhibitory) * (s.inhibitory_current + t * s.inhibitory_rise);
    return (c.resting - potential(c, s, t)) / c.tau_m + current / c.capacitance;
}

/// `places`, in order, with the zeros of `value` between them, which has one at most between two.
template <class Value>
std::vector<double> with_zeros(const std::vector<double>& places, const Value& value) {
    std::vector<double> all{places.front()};
    for (std::size_t i = 1; i < places.size(); ++i) {
        double low = places[i - 1], high = places[i];
        const double from = value(low), to = value(high);
        if ((from < 0 && to > 0) || (from > 0 && to < 0)) {
            for (int k = 0; k < 60; ++k) {
                const double middle = 0.5 * (low + high);
                (((value(middle) < 0) == (from < 0)) ? low : high) = middle;
            }
            all.push_back(0.5 * (low + high));
        }
        all.push_back(places[i]);
    }
    return all;
}

/// Places in [0, horizon] between which V has one extremum at most: those where the sum of the
/// currents turns. exp(t / tau_e) times its slope is a + b t + exp(-f t) (c + d t).
std::vector<double> turns_of_current(const Coefficients& c, const State& s, double horizon) {
    const double b = -s.excitatory_rise / c.tau_excitatory,
                 a = s.excitatory_rise - s.excitatory_current / c.tau_excitatory,
                 d = -s.inhibitory_rise / c.tau_inhibitory,
                 e = s.inhibitory_rise - s.inhibitory_current / c.tau_inhibitory,
                 f = 1 / c.tau_inhibitory - 1 / c.tau_excitatory;
    std::vector<double> places{0};
    const double bend = 2 / f - e / d;  // where the second derivative is 0
    if (bend > 0 && bend < horizon) places.push_back(bend);
    places.push_back(horizon);
    places =
        with_zeros(places, [&](double t) { return b + std::exp(-f * t) * (d - f * (e + d * t)); });
    return with_zeros(places, [&](double t) { return a + b * t + std::exp(-f * t) * (e + d * t); });
}

/// The most that a current can be from now on: at the tau of its alpha function.
double most(double current, double rise, double tau) {
    return std::max(0.0, current) + std::max(0.0, rise) * tau / std::numbers::e;
}

}  // namespace

void EventLifAlpha::advance(const Coefficients& c, State& s, double gap) {
    s.membrane_potential = potential(c, s, gap);
    hold(c, s, gap);
}

void EventLifAlpha::hold(const Coefficients& c, State& s, double gap) {
    const auto decay = [gap](double tau, double& current, double& rise) {
        const double factor = std::exp(-gap / tau);
        current = factor * (current + gap * rise);
        rise *= factor;
    };
    decay(c.tau_excitatory, s.excitatory_current, s.excitatory_rise);
    decay(c.tau_inhibitory, s.inhibitory_current, s.inhibitory_rise);
}

void EventLifAlpha::receive(const Coefficients& c, State& s, std::size_t input, double weight,
                            bool /*is_refractory*/) {
    if (input == 0) {
        s.excitatory_rise += weight * std::numbers::e / c.tau_excitatory;
    } else {
        s.inhibitory_rise += weight * std::numbers::e / c.tau_inhibitory;
    }
}

double EventLifAlpha::next_spike(const Coefficients& c, const State& s, double horizon) {
    if (s.membrane_potential >= c.threshold) return 0;
    const double push = most(s.excitatory_current, s.excitatory_rise, c.tau_excitatory) +
                        most(s.inhibitory_current, s.inhibitory_rise, c.tau_inhibitory);
    const double highest =
        std::max(s.membrane_potential, c.resting + c.tau_m / c.capacitance * push);
    if (highest < c.threshold) return never;
    const std::vector<double> ends =
        with_zeros(turns_of_current(c, s, horizon), [&](double t) { return slope(c, s, t); });
    for (std::size_t i = 1; i < ends.size(); ++i) {
        if (potential(c, s, ends[i]) < c.threshold) continue;
        return rising_zero(
            ends[i - 1], ends[i], [&](double t) { return potential(c, s, t) - c.threshold; },
            [&](double t) { return slope(c, s, t); });
    }
    return never;
}

}  // namespace elm::network

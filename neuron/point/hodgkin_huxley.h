#pragma once

#include "neuron/point/neuron.h"

/// What Hodgkin-Huxley neurons share: steps of their gates, and where a maximum is a spike.
namespace elm::hodgkin_huxley {

/// x / (e^x - 1), by its series near 0; the first term left out is below 4e-11 there.
template <class Lanes, class V = typename Lanes::Value>
ELM_HD V over_exp1(const V& x) {
    using Real = typename Lanes::Real;
    const V square = x * x;
    const V series = V{} + 1 - Real(0.5) * x + square * (Real(1.0 / 12) - square * Real(1.0 / 720));
    const auto near = square < V{} + Real(0.01);
    const V away = Lanes::select(near, V(V{} + 1), x);
    return Lanes::select(near, series, V(away / (Lanes::exp(away) - 1)));
}

/// The rates at which the gates m, h, n open and close at one potential, 1/ms.
template <class V>
struct Rates {
    V open_m, close_m, open_h, close_h, open_n, close_n;
};

/// dx/dt = open (1 - x) - close x over a time, exact.
template <class Lanes, class V = typename Lanes::Value>
ELM_HD void move_gate(V& gate, const V& open, const V& close, const V& time) {
    const V rate = open + close;
    const V end = open / rate;
    gate = end + (gate - end) * Lanes::exp(V(V{} - time * rate));
}
template <class Lanes, class State, class V = typename Lanes::Value>
ELM_HD void move_gates(const Rates<V>& rates, State& s, const V& time) {
    move_gate<Lanes>(s.sodium_activation, rates.open_m, rates.close_m, time);
    move_gate<Lanes>(s.sodium_inactivation, rates.open_h, rates.close_h, time);
    move_gate<Lanes>(s.potassium_activation, rates.open_n, rates.close_n, time);
}

/// Of V: 1 it rises, 0 it has just ceased to, -1 neither.
template <class Lanes, class V = typename Lanes::Value>
ELM_HD V next_direction(const V& direction, const V& before, const V& now) {
    return Lanes::select(now > before, V(V{} + 1), Lanes::select(direction > V{}, V{}, V(V{} - 1)));
}
/// At least 0 where V has just ceased to rise at or above the threshold.
template <class Lanes, class V = typename Lanes::Value>
ELM_HD V distance_of_maximum(const V& direction, const V& potential, const V& threshold) {
    // 0, to which select() set it.
    const V has_turned = V(V{} + 1) - direction * direction;
    return Lanes::select(has_turned > V{}, V(potential - threshold), V(V{} - 1));
}

}  // namespace elm::hodgkin_huxley

#include "network/plasticity/short_term.h"

#include <cmath>

#include "network/recording/state_file.h"

namespace elm::network {

ShortTermState::ShortTermState(const Population& population)
    : rule_(*population.short_term),
      neurons_(static_cast<std::size_t>(population.size),
               Neuron{1, rule_.tau_current_ms > 0 ? 0 : rule_.release, -1}) {}

double ShortTermState::release(std::int64_t neuron, double time_ms) {
    Neuron& state = neurons_[static_cast<std::size_t>(neuron)];
    if (rule_.tau_current_ms > 0) return release_of_three(state, time_ms);
    if (state.last_ms >= 0) {
        const double gap = time_ms - state.last_ms;
        const double x = state.resources, u = state.share;
        const double kept =
            rule_.tau_facilitation_ms == 0 ? 0 : std::exp(-gap / rule_.tau_facilitation_ms);
        state.resources = 1 + (x - x * u - 1) * std::exp(-gap / rule_.tau_recovery_ms);
        state.share = rule_.release + u * (1 - rule_.release) * kept;
    }
    state.last_ms = time_ms;
    return state.resources * state.share;
}

double ShortTermState::release_of_three(Neuron& state, double time_ms) const {
    if (state.last_ms >= 0) {
        const double gap = time_ms - state.last_ms;
        const double current = rule_.tau_current_ms, recovery = rule_.tau_recovery_ms;
        const double inactive = 1 - state.resources - state.active;
        const double left = std::exp(-gap / current), recovered = -std::expm1(-gap / recovery);
        const double from_active =
            (current * (1 - left) - recovery * recovered) / (current - recovery);
        state.resources += from_active * state.active + recovered * inactive;
        state.active *= left;
        state.share *=
            rule_.tau_facilitation_ms == 0 ? 0 : std::exp(-gap / rule_.tau_facilitation_ms);
    }
    state.last_ms = time_ms;
    state.share += rule_.release * (1 - state.share);
    const double released = state.share * state.resources;
    state.resources -= released;
    state.active += released;
    return released;
}

void ShortTermState::exchange(StateFile& state, const std::string& name) {
    const auto each = [&](const char* what, double Neuron::*member) {
        std::vector<double> values;
        for (const Neuron& neuron : neurons_) values.push_back(neuron.*member);
        state.array(name + "/" + what, values);
        for (std::size_t i = 0; i < values.size(); ++i) neurons_[i].*member = values[i];
    };
    if (empty()) return;
    each("resources", &Neuron::resources);
    each("share", &Neuron::share);
    each("last_ms", &Neuron::last_ms);
    if (rule_.tau_current_ms > 0) each("active", &Neuron::active);
}

std::vector<ShortTermState> short_term_states(const NetworkDescription& network) {
    std::vector<ShortTermState> states;
    for (const Population& population : network.populations) {
        states.push_back(population.short_term ? ShortTermState(population) : ShortTermState());
    }
    return states;
}

}  // namespace elm::network

#include "neuron/cable/solver/cable_exact.h"

#include <cmath>

namespace elm::cable {

ExactCell::ExactCell(const CablePlan& plan, const Trial& trial, std::size_t trial_index)
    : plan_(plan),
      trial_(trial),
      events_(schedule(plan, trial, trial_index)),
      voltage_(plan.nodes.size(), plan.cell->initial_voltage_mV),
      delta_(plan.nodes.size()),
      diagonal_(plan.nodes.size()),
      residual_(plan.nodes.size()),
      state_(plan.initial_state()),
      calcium_current_(plan.nodes.size()),
      calcium_slope_(plan.nodes.size()) {
    for (const int segment : plan.cell->site_segments) {
        site_nodes_.push_back(plan.segment_nodes[static_cast<std::size_t>(segment)]);
    }
    deliver();
}

void ExactCell::deliver() {
    const auto sites = static_cast<int>(site_nodes_.size());
    const auto add = [](double* pair, const SynapsePlan& synapse, double offset) {
        pair[0] += synapse.factor * std::exp(-offset / synapse.rise_ms);
        pair[1] += synapse.factor * std::exp(-offset / synapse.decay_ms);
    };
    for (; next_event_ < events_.size() && events_[next_event_].step <= step_; ++next_event_) {
        const ScheduledEvent& event = events_[next_event_];
        const PlanNode& node = plan_.nodes[static_cast<std::size_t>(
            site_nodes_[static_cast<std::size_t>(event.channel % sites)])];
        double* synapses =
            state_.data() +
            (node.first_state + plan_.kinds[static_cast<std::size_t>(node.kind)].synapse_state());
        const double offset = static_cast<double>(event.offset_ms);
        if (event.channel < sites) {
            add(synapses, plan_.ampa, offset);
            add(synapses + 2, plan_.nmda, offset);
        } else {
            add(synapses + 4, plan_.gaba, offset);
        }
    }
}

/// Adds the membrane's slope to the diagonal and takes its current from the residual.
void ExactCell::membrane(std::size_t i) {
    const PlanNode& node = plan_.nodes[i];
    const SegmentKind& kind = plan_.kinds[static_cast<std::size_t>(node.kind)];
    const double v = voltage_[i];
    double current = node.leak * (v - node.leak_mV), slope = node.leak;
    const double* state = state_.data() + node.first_state;
    const double calcium_mV = kind.calcium ? state[kind.calcium_state() + 1] : 0;
    calcium_current_[i] = calcium_slope_[i] = 0;
    const double* gate_state = state;
    for (std::size_t k = 0; k < kind.channels.size(); ++k) {
        const Channel& channel = all_channels()[static_cast<std::size_t>(kind.channels[k])];
        double g = plan_.densities[static_cast<std::size_t>(node.first_density) + k];
        for (const Gate& gate : channel.gates) g *= power_of(*gate_state++, gate.power);
        const double reversal = channel.ion == Ion::sodium      ? node.sodium_mV
                                : channel.ion == Ion::potassium ? node.potassium_mV
                                : channel.ion == Ion::calcium   ? calcium_mV
                                                                : channel.reversal_mV;
        current += g * (v - reversal);
        slope += g;
        if (channel.ion == Ion::calcium) {
            calcium_current_[i] += g * (v - reversal);
            calcium_slope_[i] += g;
        }
    }
    if (kind.synapses) {
        const double* s = state + kind.synapse_state();
        const auto excitation = [&](double at) {
            return (plan_.ampa.peak_uS * (s[1] - s[0]) +
                    magnesium_gate(at) * plan_.nmda.peak_uS * (s[3] - s[2])) *
                   (at - plan_.ampa.reversal_mV);
        };
        const auto inhibition = [&](double at) {
            return plan_.gaba.peak_uS * (s[5] - s[4]) * (at - plan_.gaba.reversal_mV);
        };
        // The slope as NEURON takes it, over 0.001 mV.
        constexpr double step_mV = 0.001;
        const double e = excitation(v), g = inhibition(v);
        current += (e + g) * node.per_area;
        slope +=
            ((excitation(v + step_mV) - e) / step_mV + (inhibition(v + step_mV) - g) / step_mV) *
            node.per_area;
    }
    diagonal_[i] += slope;
    residual_[i] -= current;
}

void ExactCell::assemble() {
    for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
        const PlanNode& node = plan_.nodes[i];
        diagonal_[i] = plan_.capacitance_per_dt * node.capacitance + node.axial;
        residual_[i] = 0;
        if (node.kind >= 0) membrane(i);
    }
    const double middle = (step_ + 0.5) * plan_.dt_ms;
    for (const CurrentClamp& clamp : trial_.clamps) {
        const auto i =
            static_cast<std::size_t>(plan_.segment_nodes[static_cast<std::size_t>(clamp.segment)]);
        residual_[i] += clamp.at(middle) * plan_.nodes[i].per_area;
    }
    for (std::size_t i = 1; i < plan_.nodes.size(); ++i) {
        const PlanNode& node = plan_.nodes[i];
        const auto parent = static_cast<std::size_t>(node.parent);
        const double across = voltage_[parent] - voltage_[i];
        residual_[i] += node.to_parent * across;
        residual_[parent] -= node.from_parent * across;
    }
}

void ExactCell::solve() {
    for (std::size_t i = plan_.nodes.size() - 1; i > 0; --i) {
        const PlanNode& node = plan_.nodes[i];
        const auto parent = static_cast<std::size_t>(node.parent);
        const double factor = node.from_parent / diagonal_[i];
        diagonal_[parent] -= factor * node.to_parent;
        residual_[parent] += factor * residual_[i];
    }
    delta_[0] = residual_[0] / diagonal_[0];
    for (std::size_t i = 1; i < plan_.nodes.size(); ++i) {
        const PlanNode& node = plan_.nodes[i];
        delta_[i] =
            (residual_[i] + node.to_parent * delta_[static_cast<std::size_t>(node.parent)]) /
            diagonal_[i];
    }
}

void ExactCell::advance(std::size_t i) {
    const PlanNode& node = plan_.nodes[i];
    const SegmentKind& kind = plan_.kinds[static_cast<std::size_t>(node.kind)];
    double* state = state_.data() + node.first_state;
    if (kind.calcium) {
        double current = calcium_current_[i];
        if (plan_.crank_nicolson) current += calcium_slope_[i] * delta_[i];
        double& calcium = state[kind.calcium_state()];
        calcium += node.calcium_relaxation *
                   (plan_.cell->minimal_calcium_mM - node.calcium_per_current * current - calcium);
        state[kind.calcium_state() + 1] = plan_.calcium_reversal_mV(calcium);
    }
    double* variable = state;
    for (const int index : kind.channels) {
        const Channel& channel = all_channels()[static_cast<std::size_t>(index)];
        for (const Gate& gate : channel.gates) {
            const GateValue to =
                gate.at(channel.calcium_gated ? state[kind.calcium_state()] : voltage_[i]);
            *variable += plan_.relaxation(index, to) * (to.steady - *variable);
            ++variable;
        }
    }
    if (!kind.synapses) return;
    double* s = state + kind.synapse_state();
    int k = 0;
    for (const SynapsePlan* synapse : {&plan_.ampa, &plan_.nmda, &plan_.gaba}) {
        s[k++] *= synapse->rise_decay;
        s[k++] *= synapse->decay_decay;
    }
}

void ExactCell::step() {
    assemble();
    solve();
    const double scale = plan_.crank_nicolson ? 2 : 1;
    for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
        voltage_[i] += scale * delta_[i];
        if (plan_.nodes[i].kind >= 0) advance(i);
    }
    ++step_;
    deliver();
}

}  // namespace elm::cable

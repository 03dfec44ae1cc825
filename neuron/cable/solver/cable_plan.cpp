#include "neuron/cable/solver/cable_plan.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "kernels/core/support/check.h"

namespace elm::cable {
namespace {

constexpr double gas_constant = 8.31446261815324;  // J/(mol K), CODATA 2018
constexpr double faraday = 96485.3321233100184;    // C/mol
constexpr double area_of_a_join = 100;             // um2

SynapsePlan plan_synapse(const SynapseKinetics& kinetics, double dt) {
    const double rise = kinetics.rise_ms, decay = kinetics.decay_ms;
    const double peak = rise * decay / (decay - rise) * std::log(decay / rise);
    return {rise,
            decay,
            kinetics.peak_uS,
            kinetics.reversal_mV,
            1 / (std::exp(-peak / decay) - std::exp(-peak / rise)),
            std::exp(-dt / rise),
            std::exp(-dt / decay)};
}

/// Order of the channels of a kind: what fills the calcium pool, what reads it, the others.
int rank_of(int channel) {
    const Channel& what = all_channels()[static_cast<std::size_t>(channel)];
    return what.ion == Ion::calcium ? 0 : what.calcium_gated ? 1 : 2;
}

}  // namespace

double CablePlan::calcium_reversal_mV(double calcium_mM) const {
    return nernst_mV * std::log(cell->external_calcium_mM / calcium_mM);
}

double CablePlan::relaxation(int channel, const GateValue& gate) const {
    return -std::expm1(-dt_ms * speeds[static_cast<std::size_t>(channel)] / gate.tau_ms);
}

int CablePlan::steps(double duration_ms) const {
    const double steps = duration_ms / dt_ms;
    ELM_CHECK(duration_ms > 0 && steps >= 0.5 && steps < 2e9,
              "a run of {} ms in steps of {} ms: expected 1 to 2e9 steps.", duration_ms, dt_ms);
    return static_cast<int>(std::llround(steps));
}

CablePlan make_plan(const Cell& cell, const RunOptions& options) {
    check_cell(cell);
    ELM_CHECK(options.dt_ms > 0 && std::isfinite(options.dt_ms),
              "time step of {} ms: expected a number above 0.", options.dt_ms);
    CablePlan plan;
    plan.cell = &cell;
    plan.dt_ms = options.dt_ms;
    plan.crank_nicolson = options.scheme == Scheme::crank_nicolson;
    plan.half_step_events = options.half_step_events;
    plan.capacitance_per_dt = (plan.crank_nicolson ? 2e-3 : 1e-3) / plan.dt_ms;
    plan.nernst_mV = 1e3 * gas_constant * (273.15 + cell.celsius) / (2 * faraday);
    for (const Channel& channel : all_channels()) {
        plan.speeds.push_back(channel.speed_at(cell.rate_celsius()));
    }
    plan.ampa = plan_synapse(cell.ampa, plan.dt_ms);
    plan.nmda = plan_synapse(cell.nmda, plan.dt_ms);
    plan.gaba = plan_synapse(cell.gaba, plan.dt_ms);

    const Compartments& shape = cell.compartments;
    std::vector<int> sites(shape.segments.size(), -1);
    for (std::size_t i = 0; i < cell.site_segments.size(); ++i) {
        sites[static_cast<std::size_t>(cell.site_segments[i])] = static_cast<int>(i);
    }
    const auto area_of = [&](int node) {
        const double area = shape.nodes[static_cast<std::size_t>(node)].area_um2;
        return area > 0 ? area : area_of_a_join;
    };
    std::map<std::pair<std::vector<int>, int>, int> known;
    plan.nodes.resize(shape.nodes.size());
    plan.segment_nodes.resize(shape.segments.size());
    for (std::size_t i = 0; i < shape.nodes.size(); ++i) {
        const Node& from = shape.nodes[i];
        PlanNode& node = plan.nodes[i];
        node.parent = from.parent;
        node.segment = from.segment;
        if (from.parent >= 0) {
            PlanNode& parent = plan.nodes[static_cast<std::size_t>(from.parent)];
            node.to_parent = 1e2 / (from.resistance_to_parent_Mohm * area_of(static_cast<int>(i)));
            node.from_parent = 1e2 / (from.resistance_to_parent_Mohm * area_of(from.parent));
            node.axial += node.to_parent;
            parent.axial += node.from_parent;
        }
        if (from.segment < 0) continue;
        const auto s = static_cast<std::size_t>(from.segment);
        plan.segment_nodes[s] = static_cast<int>(i);
        node.capacitance = cell.capacitance_uF_cm2[s];
        node.leak = cell.leak_S_cm2[s];
        node.leak_mV = cell.leak_mV[s];
        node.sodium_mV = cell.sodium_mV[s];
        node.potassium_mV = cell.potassium_mV[s];
        node.site = sites[s];
        node.per_area = 1e2 / from.area_um2;
        SegmentKind kind;
        std::vector<std::pair<int, double>> here;
        for (const ChannelDensity& channel : cell.channels) {
            if (channel.density_S_cm2[s] > 0) {
                here.emplace_back(find_channel(channel.channel), channel.density_S_cm2[s]);
            }
        }
        std::stable_sort(here.begin(), here.end(), [](const auto& a, const auto& b) {
            return std::pair(rank_of(a.first), a.first) < std::pair(rank_of(b.first), b.first);
        });
        node.first_density = static_cast<int>(plan.densities.size());
        for (const auto& [channel, density] : here) {
            kind.channels.push_back(channel);
            kind.gate_count +=
                static_cast<int>(all_channels()[static_cast<std::size_t>(channel)].gates.size());
            plan.densities.push_back(density);
        }
        kind.calcium = cell.calcium_decay_ms[s] > 0;
        if (kind.calcium) {
            const double decay = cell.calcium_decay_ms[s];
            node.calcium_relaxation = -std::expm1(-plan.dt_ms / decay);
            node.calcium_per_current =
                1e4 * cell.calcium_gamma[s] * decay / (2 * faraday * cell.calcium_depth_um);
        }
        kind.synapses = node.site >= 0;
        const int flags = (kind.calcium ? 1 : 0) + (kind.synapses ? 2 : 0);
        const auto [entry, is_new] =
            known.try_emplace(std::pair(kind.channels, flags), static_cast<int>(plan.kinds.size()));
        if (is_new) plan.kinds.push_back(kind);
        node.kind = entry->second;
    }
    // The solver walks from the tips to the root: in this order memory is read from end to end.
    for (std::size_t i = plan.nodes.size(); i-- > 0;) {
        PlanNode& node = plan.nodes[i];
        if (node.kind < 0) continue;
        node.first_state = plan.state_count;
        plan.state_count += plan.kinds[static_cast<std::size_t>(node.kind)].state_count();
    }
    return plan;
}

std::vector<double> CablePlan::initial_state() const {
    std::vector<double> state(static_cast<std::size_t>(state_count));
    for (const PlanNode& node : nodes) {
        if (node.kind < 0) continue;
        const SegmentKind& kind = kinds[static_cast<std::size_t>(node.kind)];
        auto at = static_cast<std::size_t>(node.first_state);
        for (const int channel : kind.channels) {
            const Channel& what = all_channels()[static_cast<std::size_t>(channel)];
            for (const Gate& gate : what.gates) {
                state[at++] = gate.at(what.calcium_gated ? cell->initial_calcium_mM
                                                         : cell->initial_voltage_mV)
                                  .steady;
            }
        }
        if (!kind.calcium) continue;
        state[at++] = cell->initial_calcium_mM;
        state[at] = calcium_reversal_mV(cell->initial_calcium_mM);
    }
    return state;
}

int CablePlan::first_gate(const PlanNode& node, std::size_t k) const {
    const SegmentKind& kind = kinds[static_cast<std::size_t>(node.kind)];
    int at = node.first_state;
    for (std::size_t before = 0; before < k; ++before) {
        at += static_cast<int>(
            all_channels()[static_cast<std::size_t>(kind.channels[before])].gates.size());
    }
    return at;
}

int CablePlan::gate_state(int segment, int channel, int gate) const {
    const PlanNode& node =
        nodes[static_cast<std::size_t>(segment_nodes[static_cast<std::size_t>(segment)])];
    const auto& channels = kinds[static_cast<std::size_t>(node.kind)].channels;
    const auto found = std::find(channels.begin(), channels.end(), channel);
    if (found == channels.end()) return -1;
    return first_gate(node, static_cast<std::size_t>(found - channels.begin())) + gate;
}

std::vector<ScheduledEvent> schedule(const CablePlan& plan, const Trial& trial,
                                     std::size_t trial_index) {
    const auto channels = static_cast<int>(2 * plan.cell->site_segments.size());
    std::vector<bool> silent(static_cast<std::size_t>(channels));
    for (std::size_t i = 0; i < trial.events.size(); ++i) {
        const SynapticEvent& event = trial.events[i];
        ELM_CHECK(event.channel >= 0 && event.channel < channels,
                  "event {} of trial {} is for synaptic channel {}: the cell has {}.", i,
                  trial_index, event.channel, channels);
        ELM_CHECK(event.time_ms >= 0 && event.time_ms / plan.dt_ms < 2e9,
                  "event {} of trial {} is at {} ms: expected a time from 0 on.", i, trial_index,
                  event.time_ms);
        if (event.time_ms <= 0) silent[static_cast<std::size_t>(event.channel)] = true;
    }
    std::vector<ScheduledEvent> scheduled;
    scheduled.reserve(trial.events.size());
    const double dt = plan.dt_ms;
    for (const SynapticEvent& event : trial.events) {
        if (silent[static_cast<std::size_t>(event.channel)]) continue;
        // The first step whose middle is not before the event.
        const auto step = std::max(0LL, std::llround(std::ceil(event.time_ms / dt - 0.5 - 1e-9)));
        double offset = 0;
        if (plan.half_step_events) {
            offset = std::max(0.0, (static_cast<double>(step) + 0.5) * dt - event.time_ms);
            if (std::abs(offset - 0.5 * dt) < 1e-6 * dt) offset = 0.5 * dt;
        }
        scheduled.push_back({static_cast<int>(step), event.channel, static_cast<float>(offset)});
    }
    std::stable_sort(scheduled.begin(), scheduled.end(),
                     [](const ScheduledEvent& a, const ScheduledEvent& b) {
                         return std::pair(a.step, a.channel) < std::pair(b.step, b.channel);
                     });
    return scheduled;
}

}  // namespace elm::cable

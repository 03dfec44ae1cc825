#pragma once

#include <cstdint>
#include <vector>

#include "neuron/cable/channels/channel.h"
#include "neuron/cable/solver/cable_run.h"
#include "neuron/cable/solver/scheduled_event.h"

namespace elm::cable {

/// Membrane with the same channels, calcium pool and synapses. State variables of a segment stand
/// behind each other: gates in the order of `channels`, then calcium (mM) and its reversal (mV),
/// then rise and decay of AMPA, NMDA and GABA_A.
struct SegmentKind {
    std::vector<int>
        channels;  // of all_channels(): those of calcium, then calcium-gated, then others
    bool calcium = false;
    bool synapses = false;

    int gate_count = 0;
    int calcium_state() const { return gate_count; }
    int synapse_state() const { return gate_count + (calcium ? 2 : 0); }
    int state_count() const { return synapse_state() + (synapses ? 6 : 0); }
};

/// A node as the solver sees it. Conductances are per area of their node: S/cm2; 1e2 / (Mohm um2)
/// is 1 S/cm2. Nodes without membrane count as 100 um2, which no result depends on.
struct PlanNode {
    int parent = -1;
    int segment = -1;
    int kind = -1;           // of CablePlan::kinds; -1 without membrane
    int first_state = 0;     // of the segment, among the state variables of a cell
    int first_density = 0;   // of the segment, in CablePlan::densities
    double capacitance = 0;  // uF/cm2
    double axial = 0;        // sum over links
    double to_parent = 0;    // of the link to the parent, per own area
    double from_parent = 0;  // of the same link, per the parent's area
    double leak = 0, leak_mV = 0, sodium_mV = 0, potassium_mV = 0;
    double calcium_relaxation = 0;   // 1 - exp(-dt / decay)
    double calcium_per_current = 0;  // mM / (mA/cm2): steady calcium = minimal - this * current
    double per_area = 0;             // 1e2 / area: nA to mA/cm2, uS to S/cm2
    int site = -1;
};

/// One exponential of a dual-exponential conductance.
struct SynapsePlan {
    double rise_ms, decay_ms;
    double peak_uS, reversal_mV;
    double factor;                   // of an event, so that it peaks at 1
    double rise_decay, decay_decay;  // exp(-dt / tau)
};

/// A cell and a time step, laid out for the solvers.
struct CablePlan {
    const Cell* cell = nullptr;
    double dt_ms = 0;
    double capacitance_per_dt =
        0;  // times uF/cm2 gives S/cm2: 1e-3 / dt, twice that for Crank-Nicolson
    bool crank_nicolson = false;
    bool half_step_events = false;
    std::vector<SegmentKind> kinds;
    std::vector<PlanNode> nodes;     // parents before children
    std::vector<double> densities;   // of the channels of each segment's kind, S/cm2
    std::vector<int> segment_nodes;  // (segments)
    int state_count = 0;             // of a cell
    std::vector<double> speeds;  // (all_channels()): rates at the cell's temperature over theirs
    double nernst_mV = 0;        // calcium reversal = nernst_mV * log(external / inside)
    SynapsePlan ampa, nmda, gaba;

    double calcium_reversal_mV(double calcium_mM) const;
    /// Share of the way to its steady state that a gate of `channel` goes in a step.
    double relaxation(int channel, const GateValue& gate) const;
    /// State at rest at the initial voltage: (state_count).
    std::vector<double> initial_state() const;
    /// Place of gate `gate` of channel `channel` of `segment`, or -1 if the segment lacks it.
    int gate_state(int segment, int channel, int gate) const;
    int steps(double duration_ms) const;
    /// Place of the first gate of channel `k` of the kind of `node`.
    int first_gate(const PlanNode& node, std::size_t k) const;
    /// Product of gates of channel `k` of the kind of `node`, times its density: S/cm2.
    template <class StateAt>
    double conductance(const PlanNode& node, std::size_t k, const StateAt& state) const;
    /// Value that a probe reads, from voltage (mV) and state (by place) of one trial.
    template <class StateAt>
    double read(const Probe& probe, int channel, double voltage, const StateAt& state) const;
};

/// Throws what check_cell throws, and Error{invalid} for a time step that is not above 0.
CablePlan make_plan(const Cell& cell, const RunOptions& options);

/// M(V) of the NMDA current, 1 mM magnesium. Source: as Jahr and Stevens 1990,
/// doi:10.1523/JNEUROSCI.10-09-03178.1990, with other constants.
inline double magnesium_gate(double v) { return 1 / (1 + std::exp(-0.08 * v) / 3.57); }

/// Events of one trial in order of steps, without channels that have one at t = 0.
/// Throws Error{invalid} naming the event for channels and times that are out of range.
std::vector<ScheduledEvent> schedule(const CablePlan& plan, const Trial& trial,
                                     std::size_t trial_index);

inline double power_of(double x, int power) {
    double result = x;
    for (int i = 1; i < power; ++i) result *= x;
    return result;
}

template <class StateAt>
double CablePlan::conductance(const PlanNode& node, std::size_t k, const StateAt& state) const {
    const auto channel =
        static_cast<std::size_t>(kinds[static_cast<std::size_t>(node.kind)].channels[k]);
    int at = first_gate(node, k);
    double open = densities[static_cast<std::size_t>(node.first_density) + k];
    for (const Gate& gate : all_channels()[channel].gates) {
        open *= power_of(state(at++), gate.power);
    }
    return open;
}

template <class StateAt>
double CablePlan::read(const Probe& probe, int channel, double voltage,
                       const StateAt& state) const {
    const PlanNode& node =
        nodes[static_cast<std::size_t>(segment_nodes[static_cast<std::size_t>(probe.segment)])];
    const SegmentKind& kind = kinds[static_cast<std::size_t>(node.kind)];
    switch (probe.quantity) {
        case Quantity::voltage:
            return voltage;
        case Quantity::calcium:
            return kind.calcium ? state(node.first_state + kind.calcium_state()) : 0.0;
        case Quantity::synaptic_current: {
            if (!kind.synapses) return 0.0;
            const int at = node.first_state + kind.synapse_state();
            const auto current = [&](const SynapsePlan& synapse, int first) {
                return synapse.peak_uS * (state(first + 1) - state(first)) *
                       (voltage - synapse.reversal_mV);
            };
            return current(ampa, at) + magnesium_gate(voltage) * current(nmda, at + 2) +
                   current(gaba, at + 4);
        }
        case Quantity::channel_current:
        case Quantity::channel_conductance:
            break;
    }
    for (std::size_t k = 0; k < kind.channels.size(); ++k) {
        if (kind.channels[k] != channel) continue;
        const double g = conductance(node, k, state);
        if (probe.quantity == Quantity::channel_conductance) return g;
        const Channel& what = all_channels()[static_cast<std::size_t>(channel)];
        const double reversal = what.ion == Ion::sodium      ? node.sodium_mV
                                : what.ion == Ion::potassium ? node.potassium_mV
                                : what.ion == Ion::calcium
                                    ? state(node.first_state + kind.calcium_state() + 1)
                                    : what.reversal_mV;
        return g * (voltage - reversal);
    }
    return 0.0;
}

}  // namespace elm::cable

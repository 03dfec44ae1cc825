#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/core/host_device.h"
#include "neuron/cable/channels/channel.h"
#include "neuron/cable/solver/rate_rows.h"
#include "neuron/cable/solver/scheduled_event.h"

/// One step of a group of trials of one cell, in float32; the CPU's lanes and the CUDA threads run
/// the same text. A trial is a lane: all arrays are [what][lane]. A step is two walks over the
/// tree. From the tips to the root, every segment moves its gates on to the voltage that is there,
/// adds what its membrane conducts and eliminates itself from its parent's equation; from the root
/// to the tips the change of voltage is handed down. Equations: cable_exact.h and channels/.
namespace elm::cable {

/// A channel of a kind of membrane.
struct BatchChannel {
    std::int16_t gates;
    std::int16_t power[2];
    std::int16_t ion;  // Ion
    std::int16_t calcium_gated;
    float reversal_mV;
    std::int32_t table[2];  // first function of each gate
};

struct BatchKind {
    std::int32_t first_channel, calcium_channels, channels;  // in BatchView::channels
    std::int32_t calcium, synapses;
    std::int32_t states;
};

struct BatchNode {
    std::int32_t parent, kind;
    std::int32_t first_state, first_density;
    std::int32_t clamp;          // row of BatchView::clamp_currents, or -1
    std::int32_t is_last_child;  // of its parent: the first that elimination comes from
    std::int32_t has_children;
    float diagonal;  // capacitance and axial conductances
    float to_parent, from_parent;
    float leak, leak_mV, sodium_mV, potassium_mV;
    float calcium_relaxation, calcium_per_current, minimal_calcium;
    float per_area;
};

struct BatchSynapses {
    float decay[6];  // rise and decay of AMPA, NMDA and GABA_A, over a step
    float ampa_uS, nmda_uS, gaba_uS;
    float excitation_mV, nmda_mV, inhibition_mV;
};

/// Effect of an event on the two states of a conductance.
struct BatchEvent {
    double factor, rise_ms, decay_ms;
};

struct BatchView {
    const BatchNode* nodes;
    std::int32_t node_count;
    const BatchKind* kinds;
    const BatchChannel* channels;
    const float* densities;
    const float* tables;
    std::int32_t magnesium, calcium_reversal;
    BatchSynapses synapses;
    float voltage_scale;  // of the solved change: 1, or 2 for Crank-Nicolson
    double dt_ms;
    const std::int32_t* site_states;  // (sites) first of the six synaptic states
    std::int32_t sites;
    BatchEvent ampa, nmda, gaba;
};

/// Values of a group of lanes must stay in registers from one function to the next.
#define ELM_CABLE_INLINE ELM_HD inline __attribute__((always_inline))

/// State of a group: rows of `stride` lanes.
struct BatchState {
    float* state;                 // (states)
    float* voltage;               // (nodes) mV
    float* rest;                  // (nodes) mV, what the voltage could not hold
    float* delta;                 // (nodes) solved change of the step before
    float* diagonal;              // (nodes) scratch
    float* residual;              // (nodes) scratch
    const float* clamp_currents;  // (clamped segments) mA/cm2 inward, of this step
};

/// Adds the events of a step to the states of one lane, rows of `stride`, and moves `next` past
/// them. The step lets these states decay before it uses them, but for the first.
ELM_HD inline void deliver(const BatchView& cell, const ScheduledEvent* events, std::int64_t end,
                           std::int64_t& next, std::int32_t step, float* state,
                           std::int64_t stride) {
    for (; next < end && events[next].step <= step; ++next) {
        const ScheduledEvent& event = events[next];
        const double offset = static_cast<double>(event.offset_ms) - (step == 0 ? 0 : cell.dt_ms);
        const bool excites = event.channel < cell.sites;
        const std::int32_t site = excites ? event.channel : event.channel - cell.sites;
        float* const states = state + cell.site_states[site] * stride;
        const auto add = [&](const BatchEvent& effect, std::int32_t at) {
            states[at * stride] +=
                static_cast<float>(effect.factor * exp(-offset / effect.rise_ms));
            states[(at + 1) * stride] +=
                static_cast<float>(effect.factor * exp(-offset / effect.decay_ms));
        };
        if (excites) {
            add(cell.ampa, 0);
            add(cell.nmda, 2);
        } else {
            add(cell.gaba, 4);
        }
    }
}

template <class Lanes>
struct CableStep {
    using Value = typename Lanes::Value;
    using Row = typename Lanes::Row;

    const BatchView& cell;
    const BatchState& group;
    Lanes lanes;

    ELM_CABLE_INLINE const float* function(std::int32_t index) const {
        return cell.tables + static_cast<std::int64_t>(index) * table::size;
    }

    /// Moves one gate on by a step; `x` says where it is driven to.
    ELM_CABLE_INLINE Value advance(const Value& gate, std::int32_t table_index,
                                   const Row& x) const {
        const float* steady = function(table_index);
        const Value target = Lanes::polynomial(steady, x);
        const Value relaxation = Lanes::polynomial(steady + table::size, x);
        return Lanes::multiply_add(relaxation, target - gate, gate);
    }

    ELM_CABLE_INLINE static Value power(const Value& x, int exponent) {
        switch (exponent) {
            case 1:
                return x;
            case 2:
                return x * x;
            case 3:
                return x * x * x;
            default: {
                const Value square = x * x;
                return square * square;
            }
        }
    }

    /// Conductance of a channel, whose gates begin at row `at`, after they have moved on.
    template <bool moves>
    ELM_CABLE_INLINE Value conductance(const BatchChannel& channel, std::int32_t at, float density,
                                       const Row& x) const {
        Value first = lanes.load(group.state, at);
        if constexpr (moves) {
            first = advance(first, channel.table[0], x);
            lanes.store(group.state, at, first);
        }
        Value open = power(first, channel.power[0]) * density;
        if (channel.gates == 2) {
            Value second = lanes.load(group.state, at + 1);
            if constexpr (moves) {
                second = advance(second, channel.table[1], x);
                lanes.store(group.state, at + 1, second);
            }
            open = open * power(second, channel.power[1]);
        }
        return open;
    }

    /// Adds slope (S/cm2) to `diagonal` and takes the current (mA/cm2) from `residual`.
    template <bool moves>
    ELM_CABLE_INLINE void membrane(const BatchNode& node, std::int32_t i, const Value& v,
                                   Value& diagonal, Value& residual) const {
        const BatchKind& kind = cell.kinds[node.kind];
        const Row at_voltage = Lanes::voltage_row(v);
        Value slope = Lanes::broadcast(node.leak);
        Value current = (v - node.leak_mV) * node.leak;
        std::int32_t at = node.first_state;
        const float* density = cell.densities + node.first_density;
        const BatchChannel* channel = cell.channels + kind.first_channel;
        const BatchChannel* const end = channel + kind.channels;
        if (kind.calcium) {
            const std::int32_t gates = at;
            const BatchChannel* const calcium_end = channel + kind.calcium_channels;
            // What flowed in the step before, at the gates and the reversal of then.
            Value before = Value{};
            if constexpr (moves) {
                std::int32_t old = gates;
                for (const BatchChannel* c = channel; c != calcium_end; ++c) {
                    before = before + conductance<false>(*c, old, density[c - channel], at_voltage);
                    old += c->gates;
                }
            }
            Value open = Value{};
            for (; channel != calcium_end; ++channel, ++density) {
                open = open + conductance<moves>(*channel, at, *density, at_voltage);
                at += channel->gates;
            }
            const std::int32_t pool = node.first_state + kind.states - 2 - (kind.synapses ? 6 : 0);
            Value calcium = lanes.load(group.state, pool);
            Value reversal = lanes.load(group.state, pool + 1);
            if constexpr (moves) {
                const Value at_middle = v - lanes.load(group.delta, i);
                const Value flowed = before * (at_middle - reversal);
                const Value target =
                    Lanes::multiply_add(flowed, Lanes::broadcast(-node.calcium_per_current),
                                        Lanes::broadcast(node.minimal_calcium));
                calcium = Lanes::multiply_add(target - calcium,
                                              Lanes::broadcast(node.calcium_relaxation), calcium);
                lanes.store(group.state, pool, calcium);
            }
            const Row at_calcium = Lanes::calcium_row(calcium);
            if constexpr (moves) {
                reversal = Lanes::polynomial(function(cell.calcium_reversal), at_calcium);
                lanes.store(group.state, pool + 1, reversal);
            }
            slope = slope + open;
            current = Lanes::multiply_add(open, v - reversal, current);
            for (; channel != end && channel->calcium_gated; ++channel, ++density) {
                const Value g = conductance<moves>(*channel, at, *density, at_calcium);
                add(*channel, node, g, v, slope, current);
                at += channel->gates;
            }
        }
        for (; channel != end; ++channel, ++density) {
            const Value g = conductance<moves>(*channel, at, *density, at_voltage);
            add(*channel, node, g, v, slope, current);
            at += channel->gates;
        }
        if (kind.synapses) {
            synapses<moves>(node, node.first_state + kind.states - 6, v, at_voltage, slope,
                            current);
        }
        diagonal = diagonal + slope;
        residual = residual - current;
    }

    ELM_CABLE_INLINE static void add(const BatchChannel& channel, const BatchNode& node,
                                     const Value& g, const Value& v, Value& slope, Value& current) {
        const auto ion = static_cast<Ion>(channel.ion);
        const float reversal = ion == Ion::sodium      ? node.sodium_mV
                               : ion == Ion::potassium ? node.potassium_mV
                                                       : channel.reversal_mV;
        slope = slope + g;
        current = Lanes::multiply_add(g, v - reversal, current);
    }

    template <bool moves>
    ELM_CABLE_INLINE void synapses(const BatchNode& node, std::int32_t at, const Value& v,
                                   const Row& at_voltage, Value& slope, Value& current) const {
        const BatchSynapses& all = cell.synapses;
        Value open[3];
        for (int k = 0; k < 3; ++k) {
            Value rise = lanes.load(group.state, at + 2 * k);
            Value decay = lanes.load(group.state, at + 2 * k + 1);
            if constexpr (moves) {
                rise = rise * all.decay[2 * k];
                decay = decay * all.decay[2 * k + 1];
                lanes.store(group.state, at + 2 * k, rise);
                lanes.store(group.state, at + 2 * k + 1, decay);
            }
            open[k] = decay - rise;
        }
        Value gate, gate_slope;
        Lanes::polynomial(function(cell.magnesium), at_voltage, gate, gate_slope);
        const Value ampa = open[0] * all.ampa_uS, nmda = open[1] * all.nmda_uS;
        const Value gaba = open[2] * all.gaba_uS;
        const Value passed = gate * nmda;
        const Value drive = v - all.nmda_mV;
        Value g = ampa + passed + gaba;
        Value nanoamperes = ampa * (v - all.excitation_mV);
        nanoamperes = Lanes::multiply_add(passed, drive, nanoamperes);
        nanoamperes = Lanes::multiply_add(gaba, v - all.inhibition_mV, nanoamperes);
        g = Lanes::multiply_add(gate_slope * nmda, drive, g);
        slope = Lanes::multiply_add(g, Lanes::broadcast(node.per_area), slope);
        current = Lanes::multiply_add(nanoamperes, Lanes::broadcast(node.per_area), current);
    }

    /// From the tips to the root. `moves` is false in the very first step, whose gates are at rest.
    template <bool moves>
    ELM_HD void eliminate() const {
        for (std::int32_t i = cell.node_count - 1; i >= 0; --i) {
            const BatchNode& node = cell.nodes[i];
            const Value v = lanes.load(group.voltage, i);
            Value diagonal = Lanes::broadcast(node.diagonal), residual = Value{};
            if (node.has_children) {
                diagonal = diagonal + lanes.load(group.diagonal, i);
                residual = lanes.load(group.residual, i);
            }
            if (node.kind >= 0) membrane<moves>(node, i, v, diagonal, residual);
            if (node.clamp >= 0) residual = residual + lanes.load(group.clamp_currents, node.clamp);
            if (node.parent < 0) {
                lanes.store(group.residual, i, residual * Lanes::reciprocal(diagonal));
                return;
            }
            const Value across = lanes.load(group.voltage, node.parent) - v;
            residual = Lanes::multiply_add(across, Lanes::broadcast(node.to_parent), residual);
            const Value inverse = Lanes::reciprocal(diagonal);
            const Value weight = inverse * node.to_parent, change = residual * inverse;
            lanes.store(group.diagonal, i, weight);
            lanes.store(group.residual, i, change);
            Value to_diagonal = weight * -node.from_parent;
            Value to_residual = (change - across) * node.from_parent;
            if (!node.is_last_child) {
                to_diagonal = to_diagonal + lanes.load(group.diagonal, node.parent);
                to_residual = to_residual + lanes.load(group.residual, node.parent);
            }
            lanes.store(group.diagonal, node.parent, to_diagonal);
            lanes.store(group.residual, node.parent, to_residual);
        }
    }

    /// From the root to the tips.
    ELM_HD void substitute() const {
        const Value scale = Lanes::broadcast(cell.voltage_scale);
        for (std::int32_t i = 0; i < cell.node_count; ++i) {
            const BatchNode& node = cell.nodes[i];
            Value delta = lanes.load(group.residual, i);
            if (node.parent >= 0) {
                delta = Lanes::multiply_add(lanes.load(group.diagonal, i),
                                            lanes.load(group.delta, node.parent), delta);
            }
            lanes.store(group.delta, i, delta);
            // Changes below the last place of the voltage are kept until they add up.
            const Value voltage = lanes.load(group.voltage, i);
            const Value change = Lanes::multiply_add(delta, scale, lanes.load(group.rest, i));
            const Value next = voltage + change;
            lanes.store(group.rest, i, change - (next - voltage));
            lanes.store(group.voltage, i, next);
        }
    }
};

}  // namespace elm::cable

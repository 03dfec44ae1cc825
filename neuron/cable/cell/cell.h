#pragma once

#include <optional>
#include <string>
#include <vector>

#include "neuron/cable/shape/compartments.h"

namespace elm::cable {

/// How much of a channel every segment has.
struct ChannelDensity {
    std::string channel;                // a name of channels.def, such as "NaTs2_t"
    std::vector<double> density_S_cm2;  // (segments), 0 where there is none
};

/// A synapse whose conductance rises and decays with two exponentials, so that one event peaks at
/// `peak_uS`. With `magnesium` the current is times M(V) = 1 / (1 + exp(-0.08 V) / 3.57).
struct SynapseKinetics {
    double rise_ms = 0, decay_ms = 0, reversal_mV = 0, peak_uS = 0;
    bool magnesium = false;
};

/// A cell ready to be simulated: every segment has its parameters. Synapse i of `site_segments`
/// takes excitation (AMPA and NMDA) as channel i and inhibition (GABA_A) as channel sites + i.
struct Cell {
    std::string name;
    Compartments compartments;
    double celsius = 6.3;
    std::optional<double> channel_celsius = {};  // of the channels' rates; none: as the cell
    double initial_voltage_mV = -76;
    double initial_calcium_mM = 5e-5;
    double external_calcium_mM = 2;
    double minimal_calcium_mM = 1e-4;
    double calcium_depth_um = 0.1;

    // (segments) each.
    std::vector<double> capacitance_uF_cm2;
    std::vector<double> leak_S_cm2, leak_mV;
    std::vector<double> sodium_mV, potassium_mV;          // NaN where the ion is not used
    std::vector<double> calcium_gamma, calcium_decay_ms;  // 0 where there is no calcium pool
    std::vector<ChannelDensity> channels;

    std::vector<int> site_segments;  // (sites), each a segment
    SynapseKinetics ampa{0.3, 3, 0, 4e-4, false};
    SynapseKinetics nmda{2, 70, 0, 4e-4, true};
    SynapseKinetics gaba{0.2, 8, -80, 1e-3, false};

    int nexus_segment = -1;  // -1: none
    /// Why the nexus is not there, or not where it was asked for; empty if all is well.
    std::string nexus_note = {};
    double spike_threshold_mV = -25;

    /// Temperature of the channels' rates.
    double rate_celsius() const { return channel_celsius.value_or(celsius); }
};

/// Throws Error{invalid} naming channel and segment: arrays of another length than there are
/// segments, unknown channels, negative or non-finite densities, a channel that needs an ion that
/// is not there or cannot be at the cell's temperature, synapses off the tree or two of them on a
/// segment, time constants not above 0 or rise not below decay.
void check_cell(const Cell& cell);

}  // namespace elm::cable

#include "neuron/cable/cell/fingerprint.h"

#include <limits>

#include "kernels/io/fingerprint.h"
#include "neuron/cable/channels/channel.h"

namespace elm::cable {
namespace {

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

void add_shape(Fingerprint& hash, const Compartments& compartments) {
    for (const Segment& segment : compartments.segments) {
        hash.add(segment.section);
        hash.add(segment.node);
        hash.add(static_cast<int>(segment.region));
        for (const double number : {segment.x, segment.length_um, segment.diameter_um,
                                    segment.area_um2, segment.distance_um}) {
            hash.add(number);
        }
    }
    for (const Node& node : compartments.nodes) {
        hash.add(node.parent);
        hash.add(node.segment);
        hash.add(node.resistance_to_parent_Mohm);
    }
}

/// Values of a cell whatever its shape, but for the temperature of its channels.
void add_start(Fingerprint& hash, const Cell& cell) {
    for (const double number :
         {cell.celsius, cell.initial_voltage_mV, cell.initial_calcium_mM, cell.external_calcium_mM,
          cell.minimal_calcium_mM, cell.calcium_depth_um, cell.spike_threshold_mV}) {
        hash.add(number);
    }
}

void add_synapses(Fingerprint& hash, const Cell& cell) {
    for (const SynapseKinetics& synapse : {cell.ampa, cell.nmda, cell.gaba}) {
        for (const double number :
             {synapse.rise_ms, synapse.decay_ms, synapse.reversal_mV, synapse.peak_uS}) {
            hash.add(number);
        }
        hash.add(synapse.magnesium ? 1 : 0);
    }
}

void add_rule(Fingerprint& hash, const DensityRule& rule) {
    hash.add(static_cast<int>(rule.shape));
    hash.add(static_cast<int>(rule.place));
    for (const double number : {rule.value, rule.scale, rule.offset, rule.factor, rule.rate,
                                rule.cap, rule.from_um, rule.to_um, rule.inside, rule.outside}) {
        hash.add(number);
    }
    hash.add(rule.decimals.value_or(-1));
}

void add_region(Fingerprint& hash, const RegionDescription& region) {
    for (const double number :
         {region.capacitance_uF_cm2, region.axial_resistance_ohm_cm, region.leak_S_cm2,
          region.leak_mV, region.sodium_mV.value_or(no_number),
          region.potassium_mV.value_or(no_number), region.calcium_gamma, region.calcium_decay_ms}) {
        hash.add(number);
    }
    for (const auto& [channel, rule] : region.channels) {
        hash.add(std::string_view(channel));
        add_rule(hash, rule);
    }
}

}  // namespace

std::string fingerprint(const Compartments& compartments) {
    Fingerprint hash;
    add_shape(hash, compartments);
    return hash.text();
}

std::string fingerprint(const Cell& cell) {
    Fingerprint hash;
    add_shape(hash, cell.compartments);
    add_start(hash, cell);
    for (const auto* numbers :
         {&cell.capacitance_uF_cm2, &cell.leak_S_cm2, &cell.leak_mV, &cell.sodium_mV,
          &cell.potassium_mV, &cell.calcium_gamma, &cell.calcium_decay_ms}) {
        hash.add(*numbers);
    }
    for (const ChannelDensity& density : cell.channels) {
        hash.add(std::string_view(density.channel));
        hash.add(density.density_S_cm2);
        // A channel at the temperature of its rates counts as it did before it had one.
        const double speed =
            all_channels()[static_cast<std::size_t>(find_channel(density.channel))].speed_at(
                cell.rate_celsius());
        if (speed != 1) hash.add(speed);
    }
    for (const int segment : cell.site_segments) hash.add(segment);
    add_synapses(hash, cell);
    hash.add(cell.nexus_segment);
    return hash.text();
}

std::string fingerprint(const CellDescription& description) {
    Fingerprint hash;
    add_start(hash, description.cell);
    hash.add(description.cell.rate_celsius());
    add_synapses(hash, description.cell);
    hash.add(description.morphology.axon_stub ? 1 : 0);
    hash.add(description.morphology.max_segment_um);
    for (const auto& [region, membrane] : description.regions) {
        hash.add(static_cast<int>(region));
        add_region(hash, membrane);
    }
    for (const Region region : description.synapse_regions) hash.add(static_cast<int>(region));
    if (description.nexus) {
        hash.add(std::string_view(description.nexus->section));
        hash.add(description.nexus->x);
        hash.add(static_cast<int>(description.nexus->region));
        hash.add(description.nexus->distance_um);
    }
    return hash.text();
}

}  // namespace elm::cable

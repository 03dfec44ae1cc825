#include "neuron/cable/cell/cell.h"

#include <cmath>
#include <set>
#include <span>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "neuron/cable/channels/channel.h"

namespace elm::cable {
namespace {

std::string segment_text(const Cell& cell, std::size_t index) {
    const Segment& segment = cell.compartments.segments[index];
    const auto& sections = cell.compartments.sections;
    const auto section = static_cast<std::size_t>(segment.section);
    return section < sections.size()
               ? fmt::format("segment {} ({}({:.3g}))", index, sections[section].name, segment.x)
               : fmt::format("segment {}", index);
}

void check_values(const Cell& cell, const char* name, const std::vector<double>& values,
                  double lowest) {
    const std::size_t count = cell.compartments.segments.size();
    ELM_CHECK(values.size() == count,
              "cell {}: {} has {} values, expected one for each of {} "
              "segments.",
              cell.name, name, values.size(), count);
    for (std::size_t at = 0; at < count; ++at) {
        ELM_CHECK(std::isfinite(values[at]) && values[at] >= lowest,
                  "cell {}: {} is {} in {}, expected a finite number{}.", cell.name, name,
                  values[at], segment_text(cell, at),
                  std::isfinite(lowest) ? fmt::format(", {} or more", lowest) : "");
    }
}

void check_channel(const Cell& cell, const ChannelDensity& density) {
    const Channel& channel =
        all_channels()[static_cast<std::size_t>(find_channel(density.channel))];
    check_values(cell, density.channel.c_str(), density.density_S_cm2, 0);
    for (std::size_t at = 0; at < density.density_S_cm2.size(); ++at) {
        if (density.density_S_cm2[at] == 0) continue;
        const auto needs = [&](bool there, const char* ion, const char* key) {
            ELM_CHECK(there, "cell {}: {} has {} and no {}: give {} for its region.", cell.name,
                      segment_text(cell, at), density.channel, ion, key);
        };
        if (channel.ion == Ion::sodium) {
            needs(std::isfinite(cell.sodium_mV[at]), "sodium", "sodium_mV");
        }
        if (channel.ion == Ion::potassium) {
            needs(std::isfinite(cell.potassium_mV[at]), "potassium", "potassium_mV");
        }
        if (channel.ion == Ion::calcium || channel.calcium_gated) {
            needs(cell.calcium_decay_ms[at] > 0, "calcium pool",
                  "calcium_gamma and calcium_decay_ms");
        }
    }
}

void check_temperatures(const Cell& cell) {
    for (const double celsius : {cell.celsius, cell.rate_celsius()}) {
        ELM_CHECK(celsius > -273.15 && std::isfinite(celsius),
                  "cell {}: {} degrees Celsius are below absolute zero.", cell.name, celsius);
    }
    const double wanted = cell.rate_celsius();
    std::vector<std::string> fixed;
    double known_at = 0;
    for (const ChannelDensity& density : cell.channels) {
        const Channel& channel =
            all_channels()[static_cast<std::size_t>(find_channel(density.channel))];
        if (channel.can_be_at(wanted)) continue;
        fixed.push_back(density.channel);
        known_at = channel.celsius;
    }
    ELM_CHECK(
        fixed.empty(),
        "cell {}: no Q10 is known of {}, so that at {} degrees Celsius there are no rates for "
        "{}. Set celsius = {} in [cell], or channel_celsius = {} to have the channels alone "
        "at that temperature.",
        cell.name, fmt::join(fixed, ", "), wanted, fixed.size() == 1 ? "it" : "them", known_at,
        known_at);
}

void check_synapse(const Cell& cell, const char* name, const SynapseKinetics& synapse) {
    ELM_CHECK(synapse.rise_ms > 0 && synapse.rise_ms < synapse.decay_ms &&
                  std::isfinite(synapse.decay_ms),
              "cell {}: {} rises with {} ms and decays with {} ms, expected 0 < rise < decay.",
              cell.name, name, synapse.rise_ms, synapse.decay_ms);
    ELM_CHECK(
        synapse.peak_uS >= 0 && std::isfinite(synapse.peak_uS) &&
            std::isfinite(synapse.reversal_mV),
        "cell {}: {} has a peak of {} uS and reverses at {} mV, expected finite numbers and a "
        "peak of 0 or more.",
        cell.name, name, synapse.peak_uS, synapse.reversal_mV);
}

}  // namespace

void check_cell(const Cell& cell) {
    const std::size_t count = cell.compartments.segments.size();
    ELM_CHECK(count > 0, "cell {} has no segments.", cell.name);
    ELM_CHECK(std::isfinite(cell.initial_voltage_mV), "cell {}: the start voltage is {} mV.",
              cell.name, cell.initial_voltage_mV);
    for (const auto& [name, value] : {std::pair("initial_calcium_mM", cell.initial_calcium_mM),
                                      std::pair("external_calcium_mM", cell.external_calcium_mM),
                                      std::pair("minimal_calcium_mM", cell.minimal_calcium_mM),
                                      std::pair("calcium_depth_um", cell.calcium_depth_um)}) {
        ELM_CHECK(value > 0 && std::isfinite(value),
                  "cell {}: {} is {}, expected a number above 0.", cell.name, name, value);
    }
    const double any = -std::numeric_limits<double>::infinity();
    check_values(cell, "capacitance_uF_cm2", cell.capacitance_uF_cm2, 0);
    check_values(cell, "leak_S_cm2", cell.leak_S_cm2, 0);
    check_values(cell, "leak_mV", cell.leak_mV, any);
    check_values(cell, "calcium_gamma", cell.calcium_gamma, 0);
    check_values(cell, "calcium_decay_ms", cell.calcium_decay_ms, 0);
    for (std::size_t at = 0; at < count; ++at) {
        ELM_CHECK(cell.capacitance_uF_cm2[at] > 0,
                  "cell {}: {} has no capacitance, expected a number above 0.", cell.name,
                  segment_text(cell, at));
    }
    for (const auto* ion : {&cell.sodium_mV, &cell.potassium_mV}) {
        ELM_CHECK(ion->size() == count,
                  "cell {}: {} reversal potentials, expected one for each of {} segments.",
                  cell.name, ion->size(), count);
    }
    std::set<std::string> seen;
    for (const ChannelDensity& density : cell.channels) {
        ELM_CHECK(seen.insert(density.channel).second, "cell {}: channel {} stands there twice.",
                  cell.name, density.channel);
        with_context(fmt::format("checking cell {}", cell.name),
                     [&] { check_channel(cell, density); });
    }
    check_temperatures(cell);
    std::set<int> sites;
    for (const int segment : cell.site_segments) {
        ELM_CHECK(segment >= 0 && static_cast<std::size_t>(segment) < count,
                  "cell {}: a synapse stands on segment {}, expected 0 to {}.", cell.name, segment,
                  count - 1);
        ELM_CHECK(sites.insert(segment).second,
                  "cell {}: two synapses stand on {}, expected one, which takes any number of "
                  "events.",
                  cell.name, segment_text(cell, static_cast<std::size_t>(segment)));
    }
    ELM_CHECK(cell.nexus_segment >= -1 && cell.nexus_segment < static_cast<int>(count),
              "cell {}: the nexus is segment {}, expected 0 to {}, or -1 for none.", cell.name,
              cell.nexus_segment, count - 1);
    check_synapse(cell, "AMPA", cell.ampa);
    check_synapse(cell, "NMDA", cell.nmda);
    check_synapse(cell, "GABA_A", cell.gaba);
}

}  // namespace elm::cable

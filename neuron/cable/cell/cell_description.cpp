#include "neuron/cable/cell/cell_description.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/core/support/check.h"

namespace elm::cable {
namespace {

constexpr double no_ion = std::numeric_limits<double>::quiet_NaN();

void fill_membrane(const CellDescription& description, Cell& cell) {
    for (const Segment& segment : cell.compartments.segments) {
        const auto found = description.regions.find(segment.region);
        ELM_CHECK(found != description.regions.end(),
                  "{}: the morphology has {} sections, and there is no section [region.{}].",
                  description.origin, region_name(segment.region), region_name(segment.region));
        const RegionDescription& region = found->second;
        cell.capacitance_uF_cm2.push_back(region.capacitance_uF_cm2);
        cell.leak_S_cm2.push_back(region.leak_S_cm2);
        cell.leak_mV.push_back(region.leak_mV);
        cell.sodium_mV.push_back(region.sodium_mV.value_or(no_ion));
        cell.potassium_mV.push_back(region.potassium_mV.value_or(no_ion));
        cell.calcium_gamma.push_back(region.calcium_gamma);
        cell.calcium_decay_ms.push_back(region.calcium_decay_ms);
    }
}

ChannelDensity& density_of(Cell& cell, const std::string& channel) {
    for (ChannelDensity& density : cell.channels) {
        if (density.channel == channel) return density;
    }
    cell.channels.push_back({channel, std::vector<double>(cell.compartments.segments.size(), 0.0)});
    return cell.channels.back();
}

void fill_channels(const CellDescription& description, Cell& cell) {
    for (const auto& [region, membrane] : description.regions) {
        const double farthest = farthest_end_um(cell.compartments, region);
        for (const auto& [channel, rule] : membrane.channels) {
            std::vector<double>& density = density_of(cell, channel).density_S_cm2;
            for (std::size_t at = 0; at < density.size(); ++at) {
                const Segment& segment = cell.compartments.segments[at];
                if (segment.region != region) continue;
                const double distance = rule_distance_um(cell.compartments, segment, rule.place);
                density[at] = density_at(rule, distance, farthest);
                ELM_CHECK(density[at] >= 0 && std::isfinite(density[at]),
                          "{}: region.{}.channels.{} is {} S/cm2 at {:.1f} um, expected 0 or more.",
                          description.origin, region_name(region), channel, density[at], distance);
            }
        }
    }
}

/// Length of every section and all beyond it, in um.
std::vector<double> dendrite_beyond(const Compartments& compartments) {
    std::vector<double> beyond;
    for (const SectionCut& section : compartments.sections) beyond.push_back(section.length_um);
    for (std::size_t at = beyond.size(); at-- > 1;) {
        const int parent = compartments.sections[at].parent;
        if (parent >= 0) beyond[static_cast<std::size_t>(parent)] += beyond[at];
    }
    return beyond;
}

FoundPlace along_main_path(const Compartments& compartments, const SitePlace& place) {
    const std::vector<double> beyond = dendrite_beyond(compartments);
    const auto& sections = compartments.sections;
    int best = -1, current = -1;
    double least = std::numeric_limits<double>::infinity();
    while (true) {
        // The child of the current section, or a stem, with most dendrite beyond it.
        int next = -1;
        for (std::size_t at = 0; at < sections.size(); ++at) {
            if (sections[at].region != place.region) continue;
            const int parent = sections[at].parent;
            const bool stem =
                parent < 0 || sections[static_cast<std::size_t>(parent)].region != place.region;
            if (current < 0 ? !stem : parent != current) continue;
            if (next < 0 || beyond[at] > beyond[static_cast<std::size_t>(next)]) {
                next = static_cast<int>(at);
            }
        }
        if (next < 0) break;
        current = next;
        const SectionCut& section = sections[static_cast<std::size_t>(current)];
        for (int k = 0; k < section.segment_count; ++k) {
            const int index = section.first_segment + k;
            const Segment& segment = compartments.segments[static_cast<std::size_t>(index)];
            const double off = std::abs(segment.distance_um - place.distance_um);
            if (off < least) {
                least = off;
                best = index;
            }
        }
    }
    if (best < 0) {
        return {-1, fmt::format("there is no {} section to look for a place {} um from the soma",
                                region_name(place.region), place.distance_um)};
    }
    const SectionCut& last = sections[static_cast<std::size_t>(current)];
    const double end_um = last.start_distance_um + last.length_um;
    if (place.distance_um <= end_um) return {best};
    const Segment& found = compartments.segments[static_cast<std::size_t>(best)];
    return {best, fmt::format("a place {} um from the soma is wanted, and the main {} path ends at "
                              "{:.1f} um: {}({:.3g}), {:.1f} um from the soma, is taken for it",
                              place.distance_um, region_name(place.region), end_um,
                              sections[static_cast<std::size_t>(found.section)].name, found.x,
                              found.distance_um)};
}

}  // namespace

SegmentRule segment_rule(const CellDescription& description) {
    SegmentRule rule;
    rule.max_length_um = description.morphology.max_segment_um;
    for (const auto& [region, membrane] : description.regions) {
        rule.axial_resistance_ohm_cm[static_cast<std::size_t>(region)] =
            membrane.axial_resistance_ohm_cm;
    }
    return rule;
}

FoundPlace find_place(const Compartments& compartments, const SitePlace& place) {
    if (place.section.empty()) return along_main_path(compartments, place);
    try {
        return {compartments.segment_at(place.section, place.x)};
    } catch (const Error& error) {
        return {-1, error.message()};
    }
}

Cell build_cell(const CellDescription& description, Compartments compartments) {
    Cell cell = description.cell;
    cell.compartments = std::move(compartments);
    fill_membrane(description, cell);
    fill_channels(description, cell);
    for (const Region region : description.synapse_regions) {
        for (std::size_t at = 0; at < cell.compartments.segments.size(); ++at) {
            if (cell.compartments.segments[at].region == region) {
                cell.site_segments.push_back(static_cast<int>(at));
            }
        }
    }
    if (description.nexus) {
        const FoundPlace nexus = find_place(cell.compartments, *description.nexus);
        cell.nexus_segment = nexus.segment;
        if (!nexus.note.empty()) {
            cell.nexus_note = fmt::format("probes.nexus of {}: {}", description.origin, nexus.note);
        }
    }
    check_cell(cell);
    return cell;
}

}  // namespace elm::cable

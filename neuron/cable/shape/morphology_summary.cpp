#include "neuron/cable/shape/morphology_summary.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#include <fmt/format.h>

namespace elm::cable {
namespace {

// Somata of vertebrates are about 4 to 120 um wide; the giant axon of the squid is 500 um wide and
// dendrites are narrower than 30 um.
constexpr double widest_soma_um = 200, narrowest_soma_um = 0.5, widest_neurite_um = 50;

RegionSummary& of_region(MorphologySummary& summary, Region region) {
    for (RegionSummary& one : summary.regions) {
        if (one.region == region) return one;
    }
    summary.regions.push_back({region});
    return summary.regions.back();
}

}  // namespace

Compartments whole_sections(const Morphology& morphology) {
    return discretise(morphology, {.max_length_um = 1e300});
}

MorphologySummary summary_of(const Morphology& morphology) {
    const Compartments whole = whole_sections(morphology);
    const std::size_t count = morphology.sections.size();
    MorphologySummary summary;
    std::vector<int> depth(count, 0), children(count, 0);
    const MorphologyPoint& first = morphology.sections.front().points.front();
    summary.low_um = summary.high_um = {first.x, first.y, first.z};
    for (std::size_t i = 0; i < count; ++i) {
        const Section& section = morphology.sections[i];
        const bool is_soma = section.region == Region::soma;
        depth[i] = is_soma ? 0 : 1;
        if (section.parent >= 0) {
            const auto parent = static_cast<std::size_t>(section.parent);
            ++children[parent];
            depth[i] += depth[parent];
            if (!is_soma && morphology.sections[parent].region == Region::soma) ++summary.stems;
        }
        summary.depth = std::max(summary.depth, depth[i]);
        summary.farthest_um =
            std::max(summary.farthest_um, section.parent < 0 ? whole.sections[i].length_um / 2
                                                             : whole.sections[i].start_distance_um +
                                                                   whole.sections[i].length_um);
        RegionSummary& region = of_region(summary, section.region);
        if (region.sections++ == 0) region.narrowest_um = section.points.front().diameter;
        region.length_um += whole.sections[i].length_um;
        region.area_um2 += whole.segments[i].area_um2;
        summary.points += static_cast<int>(section.points.size());
        for (const MorphologyPoint& point : section.points) {
            region.narrowest_um = std::min(region.narrowest_um, point.diameter);
            region.widest_um = std::max(region.widest_um, point.diameter);
            const std::array place{point.x, point.y, point.z};
            for (std::size_t axis = 0; axis < place.size(); ++axis) {
                summary.low_um[axis] = std::min(summary.low_um[axis], place[axis]);
                summary.high_um[axis] = std::max(summary.high_um[axis], place[axis]);
            }
        }
        if (is_soma) summary.soma_width_um = std::sqrt(region.area_um2 / std::numbers::pi);
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (morphology.sections[i].region == Region::soma) continue;
        if (children[i] == 0) ++summary.tips;
        if (children[i] > 1) ++summary.forks;
    }
    return summary;
}

std::vector<std::string> doubts_about_unit(const MorphologySummary& summary) {
    const double soma_um = summary.soma_width_um;
    if (soma_um > widest_soma_um) {
        return {fmt::format("the soma is {:.0f} um wide: is the file in nanometres?", soma_um)};
    }
    if (soma_um > 0 && soma_um < narrowest_soma_um) {
        return {fmt::format("the soma is {:.3g} um wide: is the file in millimetres?", soma_um)};
    }
    double length_um = 0, area_um2 = 0;
    for (const RegionSummary& region : summary.regions) {
        if (region.region == Region::soma) continue;
        length_um += region.length_um;
        area_um2 += region.area_um2;
    }
    const double neurite_um = length_um > 0 ? area_um2 / (std::numbers::pi * length_um) : 0;
    if (neurite_um > widest_neurite_um) {
        return {fmt::format(
            "the neurites are {:.0f} um wide on average: is the file in nanometres?", neurite_um)};
    }
    return {};
}

}  // namespace elm::cable

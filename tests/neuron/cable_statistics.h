#pragma once

// Numbers that describe a cell, region by region.

#include <algorithm>
#include <cmath>
#include <vector>

#include "neuron/cable/shape/compartments.h"

namespace elm::test {

struct RegionStatistics {
    int stems = 0, sections = 0, tips = 0, deepest_order = 0;
    double length_um = 0, longest_path_um = 0, area_um2 = 0;
    std::vector<double> diameters;  // of segments, rising
    double mean_diameter = 0;
    // In bins of 100 um of the distance of a segment's centre.
    std::vector<double> bin_length;
    std::vector<double> bin_median_diameter;

    double median_diameter() const { return median(diameters); }

    static double median(const std::vector<double>& rising) {
        if (rising.empty()) return 0;
        return (rising[rising.size() / 2] + rising[(rising.size() - 1) / 2]) / 2;
    }
};

inline RegionStatistics statistics_of(const cable::Compartments& cell, cable::Region region) {
    RegionStatistics result;
    std::vector<int> order(cell.sections.size(), 0), children(cell.sections.size(), 0);
    for (std::size_t i = 1; i < cell.sections.size(); ++i) {
        const auto parent = static_cast<std::size_t>(cell.sections[i].parent);
        order[i] = order[parent] + 1;
        ++children[parent];
    }
    for (std::size_t i = 1; i < cell.sections.size(); ++i) {
        const cable::SectionCut& section = cell.sections[i];
        if (section.region != region) continue;
        ++result.sections;
        if (order[i] == 1) ++result.stems;
        if (children[i] == 0) ++result.tips;
        result.deepest_order = std::max(result.deepest_order, order[i]);
        result.length_um += section.length_um;
        result.longest_path_um =
            std::max(result.longest_path_um, section.start_distance_um + section.length_um);
    }
    constexpr std::size_t bins = 13;
    std::vector<std::vector<double>> by_bin(bins);
    result.bin_length.assign(bins, 0);
    for (const cable::Segment& segment : cell.segments) {
        if (segment.region != region) continue;
        const auto bin = std::min(bins - 1, static_cast<std::size_t>(segment.distance_um / 100));
        result.bin_length[bin] += segment.length_um;
        by_bin[bin].push_back(segment.diameter_um);
        result.diameters.push_back(segment.diameter_um);
        result.mean_diameter += segment.diameter_um;
        result.area_um2 += segment.area_um2;
    }
    result.mean_diameter /= static_cast<double>(result.diameters.size());
    std::sort(result.diameters.begin(), result.diameters.end());
    for (std::vector<double>& diameters : by_bin) {
        std::sort(diameters.begin(), diameters.end());
        result.bin_median_diameter.push_back(RegionStatistics::median(diameters));
    }
    return result;
}

}  // namespace elm::test

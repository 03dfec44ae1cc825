#pragma once

#include <array>
#include <string>
#include <vector>

#include "neuron/cable/shape/compartments.h"
#include "neuron/cable/shape/morphology.h"

namespace elm::cable {

/// Sums over the sections of a region.
struct RegionSummary {
    Region region = Region::soma;
    int sections = 0;
    double length_um = 0, area_um2 = 0;
    double narrowest_um = 0, widest_um = 0;  // diameters of points
};

/// A shape in numbers.
struct MorphologySummary {
    std::vector<RegionSummary> regions;  // that it has
    int points = 0, stems = 0, forks = 0, tips = 0;
    int depth = 0;           // sections from the soma to the deepest tip, both counted
    double farthest_um = 0;  // tip from the soma's centre, along the tree
    std::array<double, 3> low_um{}, high_um{};
    double soma_width_um = 0;  // diameter of the sphere with the area of the soma; 0 without one
};

/// Every section as one segment: its length and area, and its distance from the soma.
Compartments whole_sections(const Morphology& morphology);

MorphologySummary summary_of(const Morphology& morphology);

/// Sizes that no neuron has: questions about the unit of the file, or nothing.
std::vector<std::string> doubts_about_unit(const MorphologySummary& summary);

}  // namespace elm::cable

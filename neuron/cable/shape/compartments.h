#pragma once

#include <array>
#include <string>
#include <vector>

#include "neuron/cable/shape/morphology.h"

namespace elm::cable {

/// How sections are cut: n = 1 + 2 floor(L / max_length_um) segments of equal length, as Hay et
/// al. 2011 (doi:10.1371/journal.pcbi.1002107) cut theirs.
struct SegmentRule {
    double max_length_um = 40;
    std::array<double, region_count> axial_resistance_ohm_cm = {100, 100, 100, 100};
};

/// A piece of membrane with one voltage.
struct Segment {
    int section = 0;
    int node = 0;
    Region region = Region::soma;
    double x = 0;            // of its centre along the section, 0 to 1
    double length_um = 0;    // of the segment
    double diameter_um = 0;  // mean along its length
    double area_um2 = 0;     // of its frusta
    double distance_um = 0;  // of its centre from the soma's centre, along the tree
};

/// A point of the tree where voltage is known: the centre of a segment, or a place without membrane
/// where sections meet.
struct Node {
    int parent = -1;   // before this one; -1 for the root
    int segment = -1;  // -1 where there is no membrane
    int section = 0;
    double x = 0;
    double area_um2 = 0;                   // 0 where there is no membrane
    double resistance_to_parent_Mohm = 0;  // 0 for the root
};

struct SectionCut {
    std::string name;
    Region region = Region::soma;
    int parent = -1;
    double parent_x = 1;
    double length_um = 0;
    double start_distance_um = 0;  // of its 0 end from the soma's centre, along the tree
    int first_segment = 0;
    int segment_count = 0;
};

/// A morphology cut into segments, in order of sections, and the tree of nodes that joins them.
struct Compartments {
    std::vector<SectionCut> sections;
    std::vector<Segment> segments;
    std::vector<Node> nodes;  // parents before children, node 0 the soma's

    /// Segment of section `name` that holds position x, 0 to 1. Throws Error{invalid} naming the
    /// nearest section there is.
    int segment_at(const std::string& name, double x) const;
    /// The middle of the root: of the soma, or of what takes its place.
    int soma_segment() const {
        return sections.front().first_segment + sections.front().segment_count / 2;
    }
};

Compartments discretise(const Morphology& morphology, const SegmentRule& rule);

}  // namespace elm::cable

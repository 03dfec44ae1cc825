#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "neuron/cable/cell/cell.h"
#include "neuron/cable/cell/density_rule.h"

namespace elm::cable {

/// The membrane of one region.
struct RegionDescription {
    double capacitance_uF_cm2 = 1;
    double axial_resistance_ohm_cm = 100;
    double leak_S_cm2 = 0, leak_mV = 0;
    std::optional<double> sodium_mV = {}, potassium_mV = {};
    double calcium_gamma = 0, calcium_decay_ms = 0;  // decay 0: no calcium pool
    std::vector<std::pair<std::string, DensityRule>> channels = {};
};

/// Which shape the cell has and how it is cut.
struct MorphologyDescription {
    std::string source;     // a built-in name or a file
    bool axon_stub = true;  // the traced axon gives way to two cylinders
    double max_segment_um = 40;
};

/// A segment named by section and position, or by the distance along the main path of a region: at
/// every branching the child with more dendrite beyond it.
struct SitePlace {
    std::string section = {};  // empty: by distance
    double x = 0.5;
    Region region = Region::apical;
    double distance_um = 0;  // from the soma's centre
};

/// A cell without a shape: what a cell file says. Defaults are those of Cell.
struct CellDescription {
    std::string origin;  // file or name, for messages
    Cell cell;           // name, temperature, start, kinetics; no segments
    MorphologyDescription morphology;
    std::map<Region, RegionDescription> regions;
    std::vector<Region> synapse_regions;  // one synapse per segment, region after region
    std::optional<SitePlace> nexus;
};

/// How the description cuts sections.
SegmentRule segment_rule(const CellDescription& description);

/// The cell in a shape. Throws Error{invalid} for a region of the shape that the description lacks,
/// and a density below 0. A nexus that the shape does not have is told in Cell::nexus_note.
Cell build_cell(const CellDescription& description, Compartments compartments);

/// Place as a shape has it.
struct FoundPlace {
    int segment = -1;       // -1: nothing
    std::string note = {};  // why there is nothing, or only the nearest there is; else empty
};
FoundPlace find_place(const Compartments& compartments, const SitePlace& place);

}  // namespace elm::cable

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace elm::cable {

/// What a part of a neuron is.
enum class Region : std::uint8_t { soma, basal, apical, axon };
inline constexpr int region_count = 4;

/// "soma", "basal", "apical", "axon".
std::string_view region_name(Region region);
/// Throws Error{invalid} with the names there are.
Region parse_region(std::string_view name);

/// A traced point, all in um.
struct MorphologyPoint {
    double x = 0, y = 0, z = 0, diameter = 0;
};

/// One unbranched run of a neurite; its width is linear between its points.
struct Section {
    std::string name;  // "soma[0]", "dend[3]", "apic[12]", "axon[0]"
    Region region = Region::soma;
    int parent = -1;      // index of a section before this one; -1 for the root
    double parent_x = 1;  // where on the parent it begins: 0, 0.5 or 1
    std::vector<MorphologyPoint> points;
};

/// The shape of a neuron: sections, parents before children, the soma first.
struct Morphology {
    std::string source;  // file or name, for messages
    std::vector<Section> sections;
};

/// Throws Error{data} naming section and point: no soma, a parent that does not stand before its
/// child, fewer than two points, a diameter or coordinate that is not finite, a diameter that is
/// not above 0, a section without length.
void check_morphology(const Morphology& morphology);

/// Reads .swc or .asc, by its name. Throws Error{data} with line and column.
Morphology read_morphology(const std::string& path);

}  // namespace elm::cable

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace elm::cable {

/// Kind of a part of a neuron.
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

/// The shape of a neuron: sections, parents before children. The first is the root: the soma, or
/// what takes its place where none was traced.
struct Morphology {
    std::string source;  // file or name, for messages
    std::vector<Section> sections;
    std::vector<std::string> notes = {};  // what its reader had to assume
};

/// Throws Error{data} naming section and point: no section, a parent that does not stand before its
/// child, fewer than two points, a diameter or coordinate that is not finite, a diameter that is
/// not above 0 but at a tip, a section without length.
void check_morphology(const Morphology& morphology);

/// True if a path ends so (".swc"), in letters of either case.
bool has_extension(const std::string& path, std::string_view extension);
/// True for names that end in .swc or .asc, in letters of either case.
bool is_morphology_name(const std::string& path);

/// Reads .swc or .asc, by its name. Sizes that no neuron has are noted. Throws Error{data} with
/// line and column.
Morphology read_morphology(const std::string& path);

}  // namespace elm::cable

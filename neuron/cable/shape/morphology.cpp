#include "neuron/cable/shape/morphology.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "kernels/core/support/check.h"
#include "kernels/io/nearest_name.h"
#include "neuron/cable/shape/morphology_edit.h"
#include "neuron/cable/shape/morphology_summary.h"
#include "neuron/cable/shape/morphology_text.h"
#include "neuron/cable/shape/neurolucida_reader.h"
#include "neuron/cable/shape/swc_reader.h"

namespace elm::cable {
namespace {

constexpr std::array<std::string_view, region_count> region_names{"soma", "basal", "apical",
                                                                  "axon"};

void check_section(const Morphology& morphology, std::size_t index, bool is_tip) {
    const Section& section = morphology.sections[index];
    const auto require = [&](bool condition, std::string_view message) {
        if (condition) return;
        throw Error(ErrorKind::data, fmt::format("{}: section {} ({}): {}", morphology.source,
                                                 index, section.name, message));
    };
    if (index == 0) {
        require(section.parent == -1, "the first section is the root; expected no parent");
    } else {
        require(section.parent >= 0, "it has no parent, and only the first section has none");
        require(section.parent < static_cast<int>(index),
                fmt::format("its parent, section {}, does not stand before it", section.parent));
        require(
            section.parent_x == 0 || section.parent_x == 0.5 || section.parent_x == 1,
            fmt::format("it begins at {} of its parent; expected 0, 0.5 or 1", section.parent_x));
    }
    require(section.points.size() >= 2,
            fmt::format("it has {} points; expected two or more", section.points.size()));
    for (std::size_t i = 0; i < section.points.size(); ++i) {
        const MorphologyPoint& point = section.points[i];
        require(std::isfinite(point.x) && std::isfinite(point.y) && std::isfinite(point.z) &&
                    std::isfinite(point.diameter),
                fmt::format("point {} has a number that is not finite", i));
        const bool cone = is_tip && i + 1 == section.points.size() && point.diameter == 0;
        require(
            point.diameter > 0 || cone,
            fmt::format("point {} has diameter {} um; expected more than 0", i, point.diameter));
    }
    const double length = length_of(section);
    require(std::isfinite(length), "its length is not finite");
    require(length > 0, "all its points are at one place: it has no length");
}

}  // namespace

bool has_extension(const std::string& path, std::string_view extension) {
    return same_letters(std::filesystem::path(path).extension().string(), extension);
}

std::string_view region_name(Region region) {
    return region_names[static_cast<std::size_t>(region)];
}

Region parse_region(std::string_view name) {
    for (std::size_t i = 0; i < region_names.size(); ++i) {
        if (region_names[i] == name) return static_cast<Region>(i);
    }
    const std::string nearest = nearest_name(name, region_names);
    throw Error(ErrorKind::invalid,
                fmt::format("there is no region \"{}\"; expected soma, basal, apical or axon{}",
                            name, nearest.empty() ? "" : ". Did you mean " + nearest + "?"));
}

void check_morphology(const Morphology& morphology) {
    if (morphology.sections.empty()) {
        throw Error(ErrorKind::data,
                    fmt::format("{}: there is no section; expected a soma", morphology.source));
    }
    std::vector<char> carries(morphology.sections.size() + 1, 0);
    for (const Section& section : morphology.sections) {
        // A parent that is not there is refused below.
        const auto parent = static_cast<std::size_t>(std::max(-1, section.parent) + 1);
        if (parent < carries.size()) carries[parent] = 1;
    }
    for (std::size_t i = 0; i < morphology.sections.size(); ++i) {
        check_section(morphology, i, carries[i + 1] == 0);
    }
}

bool is_morphology_name(const std::string& path) {
    return has_extension(path, ".swc") || has_extension(path, ".asc");
}

Morphology read_morphology(const std::string& path) {
    if (!is_morphology_name(path)) {
        throw Error(ErrorKind::data,
                    fmt::format("{}: expected a morphology whose name ends in .swc or .asc", path));
    }
    std::error_code status;
    if (!std::filesystem::is_regular_file(path, status)) {
        throw Error(ErrorKind::data, fmt::format("{}: there is no such file", path));
    }
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    if (!file) throw Error(ErrorKind::data, fmt::format("{}: it cannot be read", path));
    Morphology morphology =
        has_extension(path, ".swc") ? read_swc(text, path) : read_neurolucida(text, path);
    for (std::string& doubt : doubts_about_unit(summary_of(morphology))) {
        morphology.notes.push_back(std::move(doubt));
    }
    return morphology;
}

}  // namespace elm::cable

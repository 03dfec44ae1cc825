#pragma once

// The traced layer-5 pyramidal cell as the simulator NEURON cut it, from l5pc_geometry.h5.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "kernels/io/hdf5_file.h"
#include "neuron/cable/shape/morphology.h"

namespace elm::test {

inline std::string l5pc_file(const std::string& name) {
    const char* const folder = std::getenv("ELM_DATA_DIR");
    return std::string(folder != nullptr ? folder : ELM_DATA_DIR) + "/" + name;
}

/// Sections with NEURON's points (float32), and the two cylinders of its axon.
inline cable::Morphology l5pc_sections(const Hdf5File& file) {
    constexpr std::array<const char*, 4> prefix{"soma", "dend", "apic", "axon"};
    const auto type = file.read<std::int64_t>("section/type");
    const auto parent = file.read<std::int64_t>("section/parent");
    const auto parent_x = file.read<double>("section/parent_x");
    const auto offset = file.read<std::int64_t>("section/pt3d_offset");
    const auto points = file.read<double>("section/pt3d_xyzd_um");
    cable::Morphology cell{"l5pc_geometry.h5", {}};
    std::array<int, 4> counts{};
    for (std::size_t i = 0; i < type.size(); ++i) {
        const auto region = static_cast<std::size_t>(type[i]);
        cable::Section section{fmt::format("{}[{}]", prefix[region], counts[region]++),
                               static_cast<cable::Region>(region),
                               static_cast<int>(parent[i]),
                               parent[i] < 0 ? 1 : parent_x[i],
                               {}};
        for (auto row = static_cast<std::size_t>(offset[i]);
             row < static_cast<std::size_t>(offset[i + 1]); ++row) {
            section.points.push_back(
                {points[4 * row], points[4 * row + 1], points[4 * row + 2], points[4 * row + 3]});
        }
        if (section.points.empty()) section.points = {{0, 0, 0, 1}, {0, -30, 0, 1}};
        cell.sections.push_back(section);
    }
    return cell;
}

}  // namespace elm::test

/// Skips unless the data folder holds `name`.
#define ELM_SKIP_WITHOUT_DATA(name)                                     \
    if (!std::filesystem::exists(::elm::test::l5pc_file(name))) {       \
        GTEST_SKIP() << "there is no " << ::elm::test::l5pc_file(name)  \
                     << "; set ELM_DATA_DIR to the folder that has it"; \
    }

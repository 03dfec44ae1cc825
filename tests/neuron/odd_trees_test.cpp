// Traced cells of odd kinds against what NEURON 9.0.2 makes of them, section by section. The files
// and NEURON's sections were made by bench/peers/odd_trees.py (seed 1) and morphology_neuron.py.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <numbers>
#include <string>
#include <tuple>
#include <vector>

#include "neuron/cable/shape/morphology.h"
#include "neuron/cable/shape/morphology_edit.h"

namespace elm::cable {
namespace {

/// A section in numbers; sections of a file are compared in order of length, to 1e-6 um.
struct Row {
    double length, area, first, last, parent_x, parent_length;
};

Row row_of(const Morphology& cell, const Section& section) {
    Row row{length_of(section),
            0,
            section.points.front().diameter,
            section.points.back().diameter,
            -1,
            0};
    for (std::size_t i = 1; i < section.points.size(); ++i) {
        const MorphologyPoint &a = section.points[i - 1], &b = section.points[i];
        const double step = std::hypot(b.x - a.x, b.y - a.y, b.z - a.z);
        row.area += std::numbers::pi * (a.diameter + b.diameter) / 2 *
                    std::hypot(step, (b.diameter - a.diameter) / 2);
    }
    if (section.parent >= 0) {
        row.parent_x = section.parent_x;
        row.parent_length = length_of(cell.sections[static_cast<std::size_t>(section.parent)]);
    }
    return row;
}

TEST(OddTrees, have_the_sections_of_neuron) {
    const std::string folder = ELM_GOLDEN_DIR "/odd_trees/";
    std::ifstream golden(folder + "neuron.txt");
    std::string name;
    std::size_t count = 0, files = 0;
    while (golden >> name >> count) {
        SCOPED_TRACE(name);
        ++files;
        const Morphology cell = read_morphology(folder + name);
        ASSERT_EQ(cell.sections.size(), count);
        std::vector<Row> rows;
        for (const Section& section : cell.sections) rows.push_back(row_of(cell, section));
        const auto key = [](const Row& row) {
            return std::tuple(std::round(row.length * 1e6), row.parent_x, row.parent_length);
        };
        std::sort(rows.begin(), rows.end(),
                  [&](const Row& a, const Row& b) { return key(a) < key(b); });
        for (const Row& is : rows) {
            Row was{};
            golden >> was.length >> was.area >> was.first >> was.last >> was.parent_x >>
                was.parent_length;
            constexpr double bar = 1e-9;
            EXPECT_NEAR(is.length, was.length, bar * was.length);
            EXPECT_NEAR(is.area, was.area, bar * was.area);
            EXPECT_NEAR(is.first, was.first, bar * was.first);
            EXPECT_NEAR(is.last, was.last, bar * was.last);
            EXPECT_EQ(is.parent_x, was.parent_x);
            EXPECT_NEAR(is.parent_length, was.parent_length, bar * was.parent_length);
        }
    }
    EXPECT_GE(files, 47U);
}

}  // namespace
}  // namespace elm::cable

// Requirements on a morphology, and edits of it.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "kernels/core/support/error.h"
#include "neuron/cable/shape/morphology.h"
#include "neuron/cable/shape/morphology_edit.h"
#include "tests/support/temporary_directory.h"

namespace elm::cable {
namespace {

Morphology small_cell() {
    Morphology cell{"small", {}};
    cell.sections = {
        {"soma[0]", Region::soma, -1, 1, {{0, 0, 0, 10}, {0, 20, 0, 10}}},
        {"dend[0]", Region::basal, 0, 0.5, {{0, 0, 0, 2}, {10, 0, 0, 1}}},
        {"axon[0]", Region::axon, 0, 0.5, {{0, 0, 0, 2}, {0, -100, 0, 1}}},
        {"axon[1]", Region::axon, 2, 1, {{0, -100, 0, 1}, {0, -200, 0, 1}}},
    };
    return cell;
}

std::string message_of(const Morphology& morphology) {
    try {
        check_morphology(morphology);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data);
        return error.message();
    }
    return "no error";
}

std::string message_of_reading(const std::string& path) {
    try {
        read_morphology(path);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data);
        return error.message();
    }
    return "no error";
}

TEST(CableMorphology, regions_have_names) {
    for (const Region region : {Region::soma, Region::basal, Region::apical, Region::axon}) {
        EXPECT_EQ(parse_region(region_name(region)), region);
    }
    EXPECT_EQ(region_name(Region::basal), "basal");
    try {
        parse_region("apicl");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        EXPECT_EQ(error.message(),
                  "there is no region \"apicl\"; expected soma, basal, apical or "
                  "axon. Did you mean apical?");
    }
}

TEST(CableMorphology, a_good_one_passes_the_checks) {
    EXPECT_EQ(message_of(small_cell()), "no error");
}

TEST(CableMorphology, checks_name_section_and_point) {
    const double infinity = std::numeric_limits<double>::infinity();
    struct Case {
        void (*spoil)(Morphology&);
        std::string message;
    };
    const std::vector<Case> cases{
        {[](Morphology& cell) { cell.sections.clear(); },
         "small: there is no section; expected a soma"},
        {[](Morphology& cell) { cell.sections[0].parent = 1; },
         "small: section 0 (soma[0]): the first section is the root; expected no parent"},
        {[](Morphology& cell) { cell.sections[1].parent = -1; },
         "small: section 1 (dend[0]): it has no parent, and only the first section has none"},
        {[](Morphology& cell) { cell.sections[1].parent = 1; },
         "small: section 1 (dend[0]): its parent, section 1, does not stand before it"},
        {[](Morphology& cell) { cell.sections[1].parent_x = 0.3; },
         "small: section 1 (dend[0]): it begins at 0.3 of its parent; expected 0, 0.5 or 1"},
        {[](Morphology& cell) { cell.sections[1].points.pop_back(); },
         "small: section 1 (dend[0]): it has 1 points; expected two or more"},
        {[](Morphology& cell) { cell.sections[3].points[1].z = std::nan(""); },
         "small: section 3 (axon[1]): point 1 has a number that is not finite"},
        {[](Morphology& cell) { cell.sections[1].points[0].diameter = 0; },
         "small: section 1 (dend[0]): point 0 has diameter 0 um; expected more than 0"},
        {[](Morphology& cell) { cell.sections[3].points[0].diameter = -1; },
         "small: section 3 (axon[1]): point 0 has diameter -1 um; expected more than 0"},
        {[](Morphology& cell) { cell.sections[1].points[1].x = 0; },
         "small: section 1 (dend[0]): all its points are at one place: it has no length"},
        {[](Morphology& cell) {
             cell.sections[1].points[0].x = -1.7e308;
             cell.sections[1].points[1].x = 1.7e308;
         },
         "small: section 1 (dend[0]): its length is not finite"},
    };
    for (const Case& one : cases) {
        Morphology cell = small_cell();
        one.spoil(cell);
        EXPECT_EQ(message_of(cell), one.message);
    }
    Morphology cell = small_cell();
    cell.sections[1].points[0].diameter = infinity;
    EXPECT_EQ(message_of(cell),
              "small: section 1 (dend[0]): point 0 has a number that is not finite");
}

TEST(CableMorphology, an_axon_stub_replaces_the_axon) {
    const Morphology cell = with_axon_stub(small_cell());
    ASSERT_EQ(cell.sections.size(), 4U);
    EXPECT_EQ(cell.sections[2].name, "axon[0]");
    EXPECT_EQ(cell.sections[2].parent, 0);
    EXPECT_EQ(cell.sections[2].parent_x, 0.5);
    EXPECT_EQ(cell.sections[3].name, "axon[1]");
    EXPECT_EQ(cell.sections[3].parent, 2);
    EXPECT_EQ(cell.sections[3].parent_x, 1);
    for (std::size_t i : {2U, 3U}) {
        EXPECT_EQ(length_of(cell.sections[i]), 30);
        for (const MorphologyPoint& point : cell.sections[i].points) EXPECT_EQ(point.diameter, 1);
    }
    EXPECT_EQ(cell.sections[2].points[0].y, 10);  // the soma's centre
    EXPECT_EQ(message_of(cell), "no error");
    EXPECT_EQ(with_axon_stub(small_cell(), 5, 2, 3).sections.size(), 5U);
}

TEST(CableMorphology, an_axon_that_carries_a_dendrite_is_not_replaced) {
    Morphology cell = small_cell();
    cell.sections.push_back({"dend[1]", Region::basal, 3, 1, {{0, 0, 0, 1}, {0, 9, 0, 1}}});
    const auto message = [](const Morphology& from, double length, int count) {
        try {
            with_axon_stub(from, length, 1, count);
        } catch (const Error& error) {
            return error.message();
        }
        return std::string("no error");
    };
    EXPECT_EQ(message(cell, 30, 2),
              "small: dend[1] hangs on the axon (axon[1]), which is to be "
              "replaced. Keep the axon, or move this section in the file");
    EXPECT_EQ(message(small_cell(), 0, 2),
              "axon stub: length and diameter must be above 0 (got 0 um and 1 um)");
    EXPECT_EQ(message(small_cell(), 30, 0), "axon stub: expected at least one cylinder, got 0");
}

TEST(CableMorphology, sections_are_ordered_by_region_with_parents_first) {
    Morphology cell{"test", {}};
    const std::vector<MorphologyPoint> points{{0, 0, 0, 1}, {0, 9, 0, 1}};
    cell.sections = {
        {"", Region::soma, -1, 1, points},    {"", Region::axon, 0, 0.5, points},
        {"", Region::apical, 0, 0.5, points}, {"", Region::basal, 2, 1, points},
        {"", Region::basal, 0, 0.5, points},  {"", Region::axon, 4, 1, points},
    };
    cell = ordered_by_region(cell);
    std::vector<std::string> names;
    std::vector<int> parents;
    for (const Section& section : cell.sections) {
        names.push_back(section.name);
        parents.push_back(section.parent);
    }
    // The basal section on the apical one stands behind it.
    EXPECT_EQ(names, (std::vector<std::string>{"soma[0]", "dend[0]", "apic[0]", "dend[1]",
                                               "axon[0]", "axon[1]"}));
    EXPECT_EQ(parents, (std::vector<int>{-1, 0, 0, 2, 0, 1}));
    EXPECT_EQ(message_of(cell), "no error");
}

TEST(CableMorphology, depth_first_keeps_each_branch_together) {
    Morphology cell{"test", {}};
    const std::vector<int> parents{-1, 0, 0, 1, 2, 1, 3};
    for (std::size_t i = 0; i < parents.size(); ++i) {
        cell.sections.push_back({std::to_string(i), Region::basal, parents[i], 1, {}});
    }
    cell = depth_first(cell);
    std::string names;
    std::vector<int> after;
    for (const Section& section : cell.sections) {
        names += section.name;
        after.push_back(section.parent);
    }
    EXPECT_EQ(names, "0136524");
    EXPECT_EQ(after, (std::vector<int>{-1, 0, 1, 2, 1, 0, 5}));
}

TEST(CableMorphology, every_point_is_rounded_to_float) {
    // Odd and even numbers of points: one compiler forgets the last of a vector loop.
    for (std::size_t count = 2; count < 20; ++count) {
        Morphology cell = small_cell();
        cell.sections[1].points.assign(count, {0.1, 0.2, 0.3, 0.4});
        cell = rounded_to_float(cell);
        for (const MorphologyPoint& point : cell.sections[1].points) {
            EXPECT_EQ(point.x, static_cast<double>(0.1F));
            EXPECT_EQ(point.y, static_cast<double>(0.2F));
            EXPECT_EQ(point.z, static_cast<double>(0.3F));
            EXPECT_EQ(point.diameter, static_cast<double>(0.4F));
        }
    }
}

TEST(CableMorphology, files_are_read_by_their_name) {
    const test::TemporaryDirectory folder;
    const std::string swc = folder / "cell.SWC", asc = folder / "cell.asc";
    std::ofstream(swc) << "1 1 0 0 0 5 -1\n2 3 5 0 0 1 1\n3 3 9 0 0 1 2\n";
    std::ofstream(asc) << "((CellBody) (0 0 0 1) (9 0 0 1) (9 5 0 1) (0 5 0 1))\n"
                          "((Dendrite) (9 2 0 1) (19 2 0 1))\n";
    EXPECT_EQ(read_morphology(swc).sections.size(), 2U);
    EXPECT_EQ(read_morphology(asc).sections.size(), 2U);
    EXPECT_EQ(read_morphology(asc).source, asc);
    const std::string absent = folder / "absent.swc", other = folder / "cell.txt";
    EXPECT_EQ(message_of_reading(absent), absent + ": there is no such file");
    EXPECT_EQ(message_of_reading(other),
              other + ": expected a morphology whose name ends in .swc or .asc");
    const std::string empty = folder / "empty.swc";
    std::ofstream(empty).flush();
    EXPECT_EQ(message_of_reading(empty),
              empty + ":1:1: the file is empty; expected a traced neuron");
}

}  // namespace
}  // namespace elm::cable

// Segments and nodes against closed forms, and against what NEURON made of a traced cell.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "kernels/core/support/error.h"
#include "neuron/cable/shape/compartments.h"
#include "neuron/cable/shape/morphology_edit.h"
#include "neuron/cable/shape/neurolucida_reader.h"
#include "tests/neuron/l5pc_geometry.h"

namespace elm::cable {
namespace {

using test::l5pc_file;

Section line(Region region, int parent, double parent_x, std::vector<MorphologyPoint> points) {
    return {std::string(region_name(region)), region, parent, parent_x, std::move(points)};
}

/// A cylinder as soma.
Section soma(double length, double diameter) {
    return line(Region::soma, -1, 1, {{0, 0, 0, diameter}, {length, 0, 0, diameter}});
}

/// Largest |a - b| / scale, where the scale of each element is its own size.
double largest_relative(const std::vector<double>& result, const std::vector<double>& reference) {
    EXPECT_EQ(result.size(), reference.size());
    double largest = 0;
    for (std::size_t i = 0; i < std::min(result.size(), reference.size()); ++i) {
        const double error = std::abs(result[i] - reference[i]);
        const double relative = error == 0 ? 0 : error / std::abs(reference[i]);
        if (!(relative <= largest)) largest = relative;
    }
    return largest;
}

void expect_neurons_tree(const Compartments& cell, const Hdf5File& file, double relative) {
    const auto integers = [&](const std::string& name) { return file.read<std::int64_t>(name); };
    const auto reals = [&](const std::string& name) { return file.read<double>(name); };
    std::vector<std::int64_t> section, node, region, node_parent, node_segment, node_section;
    std::vector<double> x, length, diameter, area, distance, node_x, node_area, resistance;
    std::vector<double> section_length, section_distance;
    for (const Segment& segment : cell.segments) {
        section.push_back(segment.section);
        node.push_back(segment.node);
        region.push_back(static_cast<std::int64_t>(segment.region));
        x.push_back(segment.x);
        length.push_back(segment.length_um);
        diameter.push_back(segment.diameter_um);
        area.push_back(segment.area_um2);
        distance.push_back(segment.distance_um);
    }
    for (const Node& at : cell.nodes) {
        node_parent.push_back(at.parent);
        node_segment.push_back(at.segment);
        node_section.push_back(at.section);
        node_x.push_back(at.x);
        node_area.push_back(at.area_um2);
        resistance.push_back(at.resistance_to_parent_Mohm);
    }
    for (const SectionCut& cut : cell.sections) section_length.push_back(cut.length_um);
    EXPECT_EQ(section, integers("segment/section"));
    EXPECT_EQ(node, integers("segment/node"));
    EXPECT_EQ(region, integers("segment/type"));
    EXPECT_LT(largest_relative(x, reals("segment/x")), 1e-14);
    EXPECT_LT(largest_relative(length, reals("segment/length_um")), relative);
    EXPECT_LT(largest_relative(diameter, reals("segment/diam_um")), relative);
    EXPECT_LT(largest_relative(area, reals("segment/area_um2")), relative);
    EXPECT_LT(largest_relative(distance, reals("segment/distance_from_soma_center_um")), relative);
    EXPECT_EQ(node_parent, integers("node/parent"));
    EXPECT_EQ(node_segment, integers("node/segment"));
    EXPECT_EQ(node_section, integers("node/section"));
    EXPECT_LT(largest_relative(node_x, reals("node/x")), 1e-14);
    EXPECT_LT(largest_relative(node_area, reals("node/area_um2")), relative);
    EXPECT_LT(largest_relative(resistance, reals("node/ri_to_parent_Mohm")), relative);
    EXPECT_LT(largest_relative(section_length, reals("section/L_um")), relative);
}

TEST(CableCompartments, equal_the_tree_that_neuron_makes_of_its_own_points) {
    ELM_SKIP_WITHOUT_DATA("l5pc_geometry.h5");
    const Hdf5File file = Hdf5File::open(l5pc_file("l5pc_geometry.h5"));
    const Compartments cell = discretise(test::l5pc_sections(file), {});
    ASSERT_EQ(cell.segments.size(), 642U);
    ASSERT_EQ(cell.nodes.size(), 735U);
    expect_neurons_tree(cell, file, 1e-7);
    EXPECT_EQ(cell.segment_at("apic[50]", 0.9), 437);
}

TEST(CableCompartments, equal_the_tree_that_neuron_makes_of_the_tracing) {
    ELM_SKIP_WITHOUT_DATA("l5pc_morphology.asc");
    const Hdf5File file = Hdf5File::open(l5pc_file("l5pc_geometry.h5"));
    const Morphology cell = rounded_to_float(
        with_axon_stub(read_morphology(l5pc_file("l5pc_morphology.asc")), 30, 1, 2));
    expect_neurons_tree(discretise(cell, {}), file, 1e-7);
}

TEST(CableCompartments, a_cylinder_has_the_area_and_resistance_of_the_closed_form) {
    Morphology cell{"test", {soma(20, 10)}};
    cell.sections.push_back(line(Region::basal, 0, 0.5, {{0, 0, 0, 2}, {0, 0, 100, 2}}));
    const Compartments cut = discretise(cell, {.axial_resistance_ohm_cm = {100, 150, 100, 100}});
    ASSERT_EQ(cut.segments.size(), 6U);  // 1 + 1 + 2 floor(100 / 40)
    ASSERT_EQ(cut.nodes.size(), 6U);
    const double pi = std::numbers::pi;
    EXPECT_DOUBLE_EQ(cut.segments[0].area_um2, pi * 10 * 20);
    for (int k = 1; k <= 5; ++k) {
        const Segment& segment = cut.segments[static_cast<std::size_t>(k)];
        const Node& node = cut.nodes[static_cast<std::size_t>(segment.node)];
        EXPECT_NEAR(segment.area_um2, pi * 2 * 20, 1e-10);
        EXPECT_NEAR(segment.diameter_um, 2, 1e-13);
        EXPECT_NEAR(segment.distance_um, 20 * (k - 0.5), 1e-12);  // the soma adds nothing
        EXPECT_EQ(node.parent, k - 1);
        // R_a l / (pi r^2): 150 ohm cm, 20 um (10 um to the soma), r = 1 um.
        const double length_cm = (k == 1 ? 10 : 20) * 1e-4, radius_cm = 1e-4;
        EXPECT_NEAR(node.resistance_to_parent_Mohm,
                    150 * length_cm / (pi * radius_cm * radius_cm) * 1e-6, 1e-9);
    }
}

TEST(CableCompartments, a_cone_has_the_area_and_resistance_of_the_closed_form) {
    Morphology cell{"test", {soma(20, 10)}};
    cell.sections.push_back(line(Region::apical, 0, 0.5, {{0, 0, 0, 4}, {0, 30, 0, 1}}));
    const Compartments cut = discretise(cell, {});
    ASSERT_EQ(cut.segments.size(), 2U);
    const double pi = std::numbers::pi;
    // Lateral area of a frustum: pi (r0 + r1) sqrt(l^2 + (r0 - r1)^2).
    EXPECT_NEAR(cut.segments[1].area_um2, pi * 2.5 * std::sqrt(30 * 30 + 1.5 * 1.5), 1e-10);
    EXPECT_NEAR(cut.segments[1].diameter_um, 2.5, 1e-13);
    // R_a / pi integral ds / r(s)^2 = R_a l / (pi r0 r1), from 4 um wide to 2.5 um, 15 um long.
    EXPECT_NEAR(cut.nodes[1].resistance_to_parent_Mohm, 1e-2 * 100 * 15 / (pi * 2 * 1.25), 1e-12);
}

TEST(CableCompartments, a_jump_of_the_diameter_adds_the_ring_between) {
    // NEURON 9.0.2: three segments, the ring in the one that ends there.
    Morphology cell{"test", {soma(20, 10)}};
    cell.sections.push_back({"dend[0]",
                             Region::basal,
                             0,
                             0.5,
                             {{0, 0, 0, 1}, {10, 0, 0, 1}, {10, 0, 0, 4}, {30, 0, 0, 4}}});
    const Compartments cut = discretise(cell, {.max_length_um = 20});
    ASSERT_EQ(cut.segments.size(), 6U);
    EXPECT_NEAR(cut.segments[3].area_um2, 43.196899, 1e-6);
    EXPECT_NEAR(cut.segments[4].area_um2, 125.663706, 1e-6);
    EXPECT_NEAR(cut.segments[5].area_um2, 125.663706, 1e-6);
    EXPECT_NEAR(cut.nodes.back().resistance_to_parent_Mohm, 0.795774715, 1e-9);
    // At both ends of a section.
    cell.sections[1].points = {{0, 0, 0, 4}, {0, 0, 0, 1}, {30, 0, 0, 1}, {30, 0, 0, 4}};
    const Compartments ends = discretise(cell, {});
    EXPECT_NEAR(ends.segments[1].area_um2, 94.24777961 + 2 * 11.78097245, 1e-7);
    EXPECT_NEAR(ends.nodes.back().resistance_to_parent_Mohm, 19.098593171, 1e-9);
}

TEST(CableCompartments, refining_keeps_area_and_resistance) {
    ELM_SKIP_WITHOUT_DATA("l5pc_geometry.h5");
    const Hdf5File file = Hdf5File::open(l5pc_file("l5pc_geometry.h5"));
    const Morphology cell = test::l5pc_sections(file);
    // Area of the tree, and resistance from the soma to the fork at the end of the apical trunk.
    const auto totals = [](const Compartments& cut) {
        double area = 0, resistance = 0;
        for (const Segment& segment : cut.segments) area += segment.area_um2;
        const auto tuft = static_cast<std::size_t>(cut.segment_at("apic[37]", 0));
        const Node* node = &cut.nodes[static_cast<std::size_t>(cut.segments[tuft].node)];
        while (true) {
            node = &cut.nodes[static_cast<std::size_t>(node->parent)];
            if (node->section == 0) break;
            EXPECT_GT(node->resistance_to_parent_Mohm, 0);
            resistance += node->resistance_to_parent_Mohm;
        }
        return std::pair(area, resistance);
    };
    const auto coarse = totals(discretise(cell, {})), fine = totals(discretise(cell, {2}));
    EXPECT_NEAR(fine.first, coarse.first, 1e-10 * coarse.first);
    EXPECT_NEAR(fine.second, coarse.second, 1e-10 * coarse.second);
}

TEST(CableCompartments, sections_begin_at_either_end_or_the_middle_of_others) {
    Morphology cell{"test", {soma(100, 10)}};  // five segments: the middle one is the third
    const std::vector<MorphologyPoint> points{{0, 0, 0, 1}, {0, 10, 0, 1}};
    cell.sections.push_back(line(Region::basal, 0, 0, points));
    cell.sections.push_back(line(Region::basal, 0, 0.5, points));
    cell.sections.push_back(line(Region::basal, 0, 1, points));
    cell.sections.push_back(line(Region::basal, 3, 0, points));  // where section 3 begins
    cell.sections.push_back(line(Region::basal, 3, 0.5, points));
    cell.sections.push_back(line(Region::basal, 3, 1, points));
    const Compartments cut = discretise(cell, {});
    // Soma: nodes 0-4, its start 5, its end 6; sections 1, 2, 3: 7, 8, 9; end of section 3: 10.
    ASSERT_EQ(cut.nodes.size(), 14U);
    const std::vector<int> parents{-1, 0, 1, 2, 3, 0, 4, 5, 2, 6, 9, 6, 9, 10};
    for (std::size_t i = 0; i < parents.size(); ++i)
        EXPECT_EQ(cut.nodes[i].parent, parents[i]) << i;
    const std::vector<double> distance{40, 20, 0, 20, 40, 55, 5, 55, 55, 60, 65};
    for (std::size_t i = 0; i < distance.size(); ++i) {
        EXPECT_NEAR(cut.segments[i].distance_um, distance[i], 1e-12) << i;
    }
    EXPECT_NEAR(cut.nodes[5].resistance_to_parent_Mohm,
                1e-2 * 100 * 4 * 10 / (std::numbers::pi * 100), 1e-13);
    EXPECT_EQ(cut.nodes[5].segment, -1);
    EXPECT_EQ(cut.nodes[5].area_um2, 0);
    EXPECT_EQ(cut.nodes[5].x, 0);
    EXPECT_EQ(cut.nodes[6].x, 1);
}

TEST(CableCompartments, a_segment_is_found_by_section_and_position) {
    Morphology cell{"test", {soma(20, 10)}};
    cell.sections.push_back(line(Region::basal, 0, 0.5, {{0, 0, 0, 2}, {0, 0, 100, 2}}));
    cell.sections[1].name = "dend[0]";
    const Compartments cut = discretise(cell, {});
    EXPECT_EQ(cut.segment_at("dend[0]", 0), 1);
    EXPECT_EQ(cut.segment_at("dend[0]", 0.19), 1);
    EXPECT_EQ(cut.segment_at("dend[0]", 0.21), 2);
    EXPECT_EQ(cut.segment_at("dend[0]", 1), 5);
    const auto message = [&](const std::string& name, double x) {
        try {
            cut.segment_at(name, x);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            return error.message();
        }
        return std::string("no error");
    };
    EXPECT_EQ(message("dendr[0]", 0.5),
              "there is no section \"dendr[0]\" among the 2 of this cell: soma, dend[0]. Did you "
              "mean dend[0]?");
    EXPECT_EQ(message("dend[0]", 1.5), "dend[0](1.5): a position along a section is from 0 to 1");
    EXPECT_EQ(message("dend[0]", std::nan("")),
              "dend[0](nan): a position along a section is from 0 to 1");
}

TEST(CableCompartments, refuse_rules_that_make_no_segments) {
    const Morphology cell{"test", {soma(20, 10)}};
    const auto message = [&](const SegmentRule& rule) {
        try {
            discretise(cell, rule);
        } catch (const Error& error) {
            return error.message();
        }
        return std::string("no error");
    };
    EXPECT_EQ(message({0}), "segments of at most 0 um: expected a length above 0");
    EXPECT_EQ(message({std::nan("")}), "segments of at most nan um: expected a length above 0");
    EXPECT_EQ(message({40, {100, 0, 100, 100}}),
              "an axial resistance of 0 ohm cm: expected more than 0");
    EXPECT_EQ(message({1e-8}), "test: soma is 20 um long, too long for segments of 1e-08 um");
}

}  // namespace
}  // namespace elm::cable

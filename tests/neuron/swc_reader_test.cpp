// SWC texts: what they become, and where their mistakes stand.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include <fmt/core.h>

#include "kernels/core/support/error.h"
#include "neuron/cable/shape/compartments.h"
#include "neuron/cable/shape/morphology_edit.h"
#include "neuron/cable/shape/swc_reader.h"

namespace elm::cable {
namespace {

std::string message_of(const std::string& text) {
    try {
        read_swc(text, "cell.swc");
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data);
        return error.message();
    }
    return "no error";
}

struct Summary {
    std::vector<std::string> names;
    std::vector<int> parents;
    std::vector<double> parent_x, lengths;
};

Summary summary_of(const Morphology& cell) {
    Summary summary;
    for (const Section& section : cell.sections) {
        summary.names.push_back(section.name);
        summary.parents.push_back(section.parent);
        summary.parent_x.push_back(section.parent_x);
        summary.lengths.push_back(length_of(section));
    }
    return summary;
}

using Names = std::vector<std::string>;
using Integers = std::vector<int>;
using Reals = std::vector<double>;

TEST(SwcReader, makes_sections_of_unbranched_runs) {
    const Morphology cell = read_swc(
        "# a comment\r\n"
        "1 1 0 0 0 5 -1\r\n"
        "2 2 0 -5 0 1 1  # axon\n"
        "3 2 0 -25 0 1 2\n"
        "\n"
        "10 4 0 5 0 2 1\n"
        "11 4 0 15 0 2 10\n"
        "12 4 0 25 0 1 11\n"
        "13 4 10 25 0 0.5 12\n"  // fork at 12
        "14 4 -10 25 0 0.5 12\n"
        "15 4 -30 25 0 0.5 14\n"
        "16 3 5 0 0 1 1\n"
        "17 3 25 0 0 1 16\n"
        "18 2 25 -40 0 0.2 17\n",  // an axon that leaves a dendrite
        "cell.swc");
    const Summary is = summary_of(cell);
    EXPECT_EQ(is.names,
              (Names{"soma[0]", "dend[0]", "apic[0]", "apic[1]", "apic[2]", "axon[0]", "axon[1]"}));
    EXPECT_EQ(is.parents, (Integers{-1, 0, 0, 2, 2, 0, 1}));
    EXPECT_EQ(is.parent_x, (Reals{1, 0.5, 0.5, 1, 1, 0.5, 1}));
    // Stems begin at their own first point, runs below a fork at the last point above.
    EXPECT_EQ(is.lengths, (Reals{10, 20, 20, 10, 30, 20, 40}));
    // A branch has the width of the point it hangs on there; a stem on the soma its own.
    EXPECT_EQ(cell.sections[3].points[0].diameter, 2);
    EXPECT_EQ(cell.sections[3].points[0].y, 25);
    EXPECT_TRUE(cell.notes.empty());
}

TEST(SwcReader, order_and_gaps_of_ids_do_not_matter) {
    const Morphology cell = read_swc("7 3 9 0 0 1 5\n5 3 5 0 0 1 900\n900 1 0 0 0 5 -1\n", "x");
    EXPECT_EQ(summary_of(cell).lengths, (Reals{10, 4}));
}

TEST(SwcReader, a_soma_of_one_point_has_the_area_of_the_sphere) {
    const Morphology cell = read_swc("1 1 3 4 5 6 -1\n", "x");
    EXPECT_NEAR(discretise(cell, {}).segments[0].area_um2, 4 * std::numbers::pi * 36, 1e-10);
    EXPECT_EQ(cell.sections[0].points[1].x, 3);
}

TEST(SwcReader, a_soma_of_three_points_is_one_cylinder) {
    const Morphology cell = read_swc(
        "1 1 3 4 5 6 -1\n2 1 3 -2 5 6 1\n3 1 3 10 5 6 1\n4 3 20 4 5 1 1\n5 3 40 4 5 1 4\n", "x");
    EXPECT_EQ(summary_of(cell).lengths, (Reals{12, 20}));
    EXPECT_NEAR(discretise(cell, {}).segments[0].area_um2, 4 * std::numbers::pi * 36, 1e-10);
    EXPECT_EQ(cell.sections[1].parent_x, 0.5);
}

TEST(SwcReader, a_traced_soma_is_taken_as_it_is) {
    const Morphology line = read_swc(
        "1 1 0 0 0 3 -1\n2 1 0 10 0 6 1\n3 1 0 20 0 3 2\n4 3 9 10 0 1 2\n5 3 29 10 0 1 4\n"
        "6 4 0 23 0 1 3\n7 4 0 43 0 1 6\n",
        "x");
    EXPECT_EQ(summary_of(line).names, (Names{"soma[0]", "dend[0]", "apic[0]"}));
    // On an inner point: the middle; on the end: there, with the piece to its first point.
    EXPECT_EQ(summary_of(line).lengths, (Reals{20, 20, 23}));
    EXPECT_EQ(summary_of(line).parent_x, (Reals{1, 0.5, 1}));
    EXPECT_EQ(line.sections[2].points[0].diameter, 2);
    // A soma with branches: from the root, the first goes on, the second begins at its start.
    const Morphology tree = read_swc(
        "1 1 0 0 0 3 -1\n2 1 0 10 0 6 1\n3 1 0 20 0 3 2\n4 1 9 10 0 1 2\n5 1 -7 0 0 1 1\n"
        "6 3 -9 0 0 1 5\n7 3 -19 0 0 1 6\n",
        "x");
    EXPECT_EQ(summary_of(tree).names,
              (Names{"soma[0]", "soma[1]", "soma[2]", "soma[3]", "dend[0]"}));
    EXPECT_EQ(summary_of(tree).parents, (Integers{-1, 0, 0, 0, 3}));
    EXPECT_EQ(summary_of(tree).parent_x, (Reals{1, 1, 1, 0, 1}));
    EXPECT_EQ(summary_of(tree).lengths, (Reals{10, 10, 9, 7, 12}));
}

TEST(SwcReader, a_neurite_of_one_point_begins_in_the_soma) {
    const Morphology cell = read_swc("1 1 0 0 0 5 -1\n2 3 15 0 0 1 1\n", "x");
    EXPECT_EQ(summary_of(cell).lengths, (Reals{10, 15}));
    EXPECT_EQ(cell.sections[1].points[0].diameter, 2);
}

TEST(SwcReader, other_types_are_what_they_hang_on_and_never_soma) {
    const Morphology cell = read_swc(
        "1 1 0 0 0 5 -1\n2 4 5 0 0 1 1\n3 5 15 0 0 1 2\n4 6 25 0 0 1 3\n5 0 -5 0 0 1 1\n"
        "6 0 -15 0 0 1 5\n7 12 0 9 0 1 1\n8 12 0 19 0 1 7\n",
        "x");
    // A run ends where the type changes.
    EXPECT_EQ(summary_of(cell).names,
              (Names{"soma[0]", "dend[0]", "dend[1]", "apic[0]", "apic[1]", "apic[2]"}));
    EXPECT_EQ(cell.notes, Names{"of no region known here: type 0 (2 points), 5 (1 point), 6 (1 "
                                "point), 12 (2 points); taken as what it hangs on, on the soma as "
                                "basal"});
}

TEST(SwcReader, a_tip_of_width_0_ends_in_a_cone) {
    const Morphology cell = read_swc("1 1 0 0 0 5 -1\n2 3 5 0 0 1 1\n3 3 15 0 0 0 2\n", "x");
    EXPECT_EQ(cell.sections[1].points[1].diameter, 0);
    EXPECT_EQ(cell.notes, Names{"1 tip of width 0 ends in a cone"});
    const Compartments cut = discretise(cell, {});
    EXPECT_NEAR(cut.segments[1].area_um2, std::numbers::pi * std::hypot(10, 1), 1e-12);
    EXPECT_TRUE(std::isfinite(cut.nodes.back().resistance_to_parent_Mohm));
}

TEST(SwcReader, a_branch_without_length_is_left_out) {
    const Morphology cell = read_swc(
        "1 1 0 0 0 5 -1\n2 3 5 0 0 1 1\n3 3 15 0 0 1 2\n4 3 15 0 0 2 3\n5 3 25 0 0 1 4\n"
        "6 3 25 9 0 1 4\n7 3 15 9 0 1 3\n",
        "x");
    EXPECT_EQ(summary_of(cell).names,
              (Names{"soma[0]", "dend[0]", "dend[1]", "dend[2]", "dend[3]"}));
    EXPECT_EQ(summary_of(cell).parents, (Integers{-1, 0, 1, 1, 1}));
    EXPECT_EQ(cell.notes, Names{"1 branch without length is left out (line 4)"});
}

TEST(SwcReader, a_cell_without_soma_begins_with_its_root) {
    const Morphology cell = read_swc("1 2 0 0 0 1 -1\n2 2 40 0 0 1 1\n3 2 60 0 0 1 1\n", "x");
    EXPECT_EQ(summary_of(cell).names, (Names{"axon[0]", "axon[1]"}));
    EXPECT_EQ(summary_of(cell).parent_x, (Reals{1, 0}));  // a fork at the root
    EXPECT_EQ(cell.notes, Names{"there is no soma: axon[0] takes its place"});
    EXPECT_EQ(discretise(cell, {}).segments.size(), 6U);
}

TEST(SwcReader, a_soma_that_is_not_the_root_becomes_it) {
    const Morphology cell = read_swc(
        "1 3 0 0 0 1 -1\n2 3 9 0 0 1 1\n3 1 20 0 0 5 2\n4 3 31 0 0 1 3\n5 3 40 0 0 1 4\n", "x");
    EXPECT_EQ(summary_of(cell).names, (Names{"soma[0]", "dend[0]", "dend[1]"}));
    EXPECT_EQ(summary_of(cell).lengths, (Reals{10, 9, 9}));
    EXPECT_EQ(cell.notes, Names{"the soma (line 3) is not the root: the tree is read from it on"});
}

TEST(SwcReader, runs_end_where_the_numbering_jumps) {
    const std::string head = "1 1 0 0 0 5 -1\n2 3 5 0 0 1 1\n3 3 15 0 0 1 2\n";
    const Morphology jumps =
        read_swc(head + "4 3 25 9 0 1 3\n5 3 25 -9 0 1 3\n6 3 35 9 0 1 4\n7 3 35 -9 0 1 5\n", "x");
    EXPECT_EQ(summary_of(jumps).names.size(), 6U);
    const Morphology depth_first =
        read_swc(head + "4 3 25 9 0 1 3\n5 3 35 9 0 1 4\n6 3 25 -9 0 1 3\n7 3 35 -9 0 1 6\n", "x");
    EXPECT_EQ(summary_of(depth_first).names.size(), 4U);
}

TEST(SwcReader, names_the_place_of_every_mistake) {
    struct Case {
        std::string text, message;
    };
    const std::string soma = "1 1 0 0 0 5 -1\n";
    const std::vector<Case> cases{
        {"", "cell.swc:1:1: the file is empty; expected a traced neuron"},
        {"# nothing\n\n",
         "cell.swc:1:1: there is no point; expected lines \"id type x y z radius "
         "parent\""},
        {std::string("1 1 0\n0 \0 5", 11),
         "cell.swc:2:3: a byte 0 stands here: this is no text. "
         "Expected SWC or Neurolucida ASC"},
        {"\x89PNG\r\n\x1a\n", "cell.swc:1:1: expected an id as a number, got \"?PNG\""},
        {soma + "2 3 5 0 0 1\n",
         "cell.swc:2:12: the line ends after 6 columns; expected \"id type "
         "x y z radius parent\""},
        {soma + "2 3 5 zero 0 1 1\n", "cell.swc:2:7: expected y as a number, got \"zero\""},
        {soma + "2 3 5 0 nan 1 1\n", "cell.swc:2:9: expected z as a finite number, got \"nan\""},
        {soma + "2 3 5 0 0 inf 1\n",
         "cell.swc:2:11: expected a radius as a finite number, got "
         "\"inf\""},
        {soma + "2 3 5 0 0 1 1\n3 3 9 0 0 0 2\n4 3 15 0 0 1 3\n",
         "cell.swc:3:11: the width is 0 um here; expected more than 0, but at a tip, which may end "
         "in a point. Give it the width of its neighbour"},
        {soma + "2 3 5 0 0 -1 1\n",
         "cell.swc:2:11: the radius is -1 um; expected 0 or more, and finite"},
        {soma + "2.5 3 5 0 0 1 1\n", "cell.swc:2:1: expected an id as a whole number, got 2.5"},
        {soma + "-2 3 5 0 0 1 1\n", "cell.swc:2:1: id -2 is below 0"},
        {soma + "2 3 5 0 0 1 1\n2 3 9 0 0 1 1\n",
         "cell.swc:3:1: id 2 stands twice, first in line "
         "2"},
        {soma + "2 3 5 0 0 1 8\n",
         "cell.swc:2:13: there is no point with id 8, the parent of 2. The root has the parent -1"},
        {soma + "2 3 5 0 0 1 -1\n",
         "cell.swc:2:13: a second point without a parent (the first stands in line 1): these are "
         "two trees. Expected one: take it out, or give it a parent (the nearest point before it "
         "is "
         "1, 5.0 um away)"},
        {"1 1 0 0 0 5 2\n2 3 5 0 0 1 1\n",
         "cell.swc:1:13: no point has the parent -1, so all hang "
         "on each other in a cycle; expected one root"},
        {soma + "2 3 5 0 0 1 4\n3 3 6 0 0 1 2\n4 3 7 0 0 1 3\n5 3 9 0 0 1 1\n",
         "cell.swc:2:13: point 2 is its own ancestor: a cycle. Expected a tree"},
        {soma + "2 3 5 0 0 1 3\n3 3 6 0 0 1 3\n",
         "cell.swc:3:13: point 3 is its own ancestor: a cycle. Expected a tree"},
        {"1 1 0 0 0 0 -1\n2 3 5 0 0 1 1\n3 3 9 0 0 1 2\n",
         "cell.swc:1:11: the root has radius 0 um; expected more than 0, as the radius of the "
         "soma"},
        {"1 1 0 0 0 5 -1\n2 1 0 0 0 5 1\n",
         "cell.swc:1:11: all points of the root are at one place, so it has no length; expected a "
         "single point, which is a sphere, or a line"},
    };
    for (const Case& one : cases) EXPECT_EQ(message_of(one.text), one.message) << one.text;
}

TEST(SwcReader, lines_end_as_on_any_system) {
    for (const std::string end : {"\n", "\r\n", "\r"}) {
        const Morphology cell = read_swc("# made up" + end + "1 1 0 0 0 5 -1" + end +
                                             "2 3 0 20 0 1 1" + end + "3 3 0 50 0 1 2" + end,
                                         "cell.swc");
        ASSERT_EQ(cell.sections.size(), 2U);
        EXPECT_EQ(cell.sections[1].points.back().y, 50);
    }
}

TEST(SwcReader, decimal_commas_are_refused) {
    EXPECT_THROW(read_swc("1 1 0 0 0 5 -1\n2 3 0 20 0 1,5 1\n", "cell.swc"), Error);
    EXPECT_EQ(read_swc("1,1,0,0,0,5,-1\n2,3,0,20,0,1,1\n", "cell.swc").sections.size(), 2U);
    EXPECT_EQ(read_swc("1, 1, 0, 0, 0, 5, -1\n2, 3, 0, 20, 0, 1, 1\n", "cell.swc").sections.size(),
              2U);
}

TEST(SwcReader, reads_a_million_points) {
    // A comb: half a million forks, one behind the other.
    std::string text = "1 1 0 0 0 5 -1\n2 3 5 0 0 1 1\n";
    for (int i = 0; i < 500000; ++i) {
        text += fmt::format("{} 3 {} 0 0 1 {}\n{} 3 {} 1 0 1 {}\n", 2 * i + 4, 6 + i, 2 * i + 2,
                            2 * i + 3, 6 + i, 2 * i + 2);
    }
    // One pass a fork would take hours.
    const Morphology cell = read_swc(text, "cell.swc");
    EXPECT_GT(cell.sections.size(), 999999U);
    EXPECT_GT(discretise(cell, {}).segments.size(), 999999U);
}

}  // namespace
}  // namespace elm::cable

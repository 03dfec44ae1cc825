// Neurolucida texts: what they become, and where their mistakes stand.

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include <fmt/core.h>

#include "kernels/core/support/error.h"
#include "neuron/cable/shape/compartments.h"
#include "neuron/cable/shape/neurolucida_reader.h"
#include "tests/neuron/l5pc_geometry.h"

namespace elm::cable {
namespace {

const std::string soma = "(\"soma\" (CellBody) (0 0 0 1) (9 0 0 1) (9 5 0 1) (0 5 0 1))\n";

std::string message_of(const std::string& text) {
    try {
        read_neurolucida(text, "cell.asc");
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data);
        return error.message();
    }
    return "no error";
}

double distance(const MorphologyPoint& a, const MorphologyPoint& b) {
    return std::max({std::abs(a.x - b.x), std::abs(a.y - b.y), std::abs(a.z - b.z),
                     std::abs(a.diameter - b.diameter)});
}

TEST(NeurolucidaReader, gives_the_sections_and_points_that_neuron_imports) {
    ELM_SKIP_WITHOUT_DATA("l5pc_morphology.asc");
    const Morphology cell = read_morphology(test::l5pc_file("l5pc_morphology.asc"));
    const Hdf5File file = Hdf5File::open(test::l5pc_file("l5pc_geometry.h5"));
    const Morphology expected = test::l5pc_sections(file);
    ASSERT_EQ(cell.sections.size(), expected.sections.size() - 1);  // one traced axon, not two
    for (std::size_t i = 0; i + 1 < cell.sections.size(); ++i) {
        const Section &section = cell.sections[i], &reference = expected.sections[i];
        EXPECT_EQ(section.name, reference.name);
        EXPECT_EQ(section.region, reference.region);
        EXPECT_EQ(section.parent, reference.parent);
        EXPECT_EQ(section.parent_x, reference.parent_x);
        ASSERT_EQ(section.points.size(), reference.points.size()) << section.name;
        // float32 near 1300 um has steps of 1.2e-4; the soma is computed in other steps.
        const double allowed = i == 0 ? 5e-6 : 6.2e-5;
        for (std::size_t k = 0; k < section.points.size(); ++k) {
            EXPECT_LE(distance(section.points[k], reference.points[k]), allowed)
                << section.name << " point " << k;
        }
    }
    EXPECT_EQ(cell.sections.back().name, "axon[0]");
}

TEST(NeurolucidaReader, makes_21_points_of_the_outline) {
    ELM_SKIP_WITHOUT_DATA("l5pc_morphology.asc");
    const Compartments cut =
        discretise(read_morphology(test::l5pc_file("l5pc_morphology.asc")), {});
    EXPECT_NEAR(cut.sections[0].length_um, 23.169408, 2e-6);
    EXPECT_NEAR(cut.segments[0].diameter_um, 13.471518, 2e-6);
    EXPECT_NEAR(cut.segments[0].area_um2, 1131.389059, 1e-4);
}

TEST(NeurolucidaReader, forks_begin_sections_at_the_last_point_above) {
    const Morphology cell =
        read_neurolucida(soma + R"(("outline" (Closed) (100 100 0 1) (200 100 0 1))
            (ImageCoords) ; a comment ( with brackets
            ( (Color RGB (1, 2, 3)) (Apical)
              (5 5 0 3 S1) ; root
              (5 +25 0 2)
              (Cross (Name "mark ) er") (99 99 0 1) )
              <(5 26 0 1)(6 27 0 .5)>
              ( (Color Red) (0 45 0 1) (0 65 0 1) Normal
              | (10 45 0 0.5) ( (12 60 0 .4) Low | (20 60 0 .3) ) Generated
              ) Incomplete
            )
            ((Dendrite) (0 2 0 1) (-20 2 0 1)))",
                         "cell.asc");
    ASSERT_EQ(cell.sections.size(), 7U);
    std::vector<std::string> names;
    std::vector<int> parents;
    for (const Section& section : cell.sections) {
        names.push_back(section.name);
        parents.push_back(section.parent);
    }
    EXPECT_EQ(names, (std::vector<std::string>{"soma[0]", "dend[0]", "apic[0]", "apic[1]",
                                               "apic[2]", "apic[3]", "apic[4]"}));
    EXPECT_EQ(parents, (std::vector<int>{-1, 0, 0, 2, 2, 4, 4}));
    EXPECT_EQ(cell.sections[2].points.size(), 2U);
    EXPECT_EQ(cell.sections[2].parent_x, 0.5);
    const Section& fork = cell.sections[3];
    EXPECT_EQ(fork.parent_x, 1);
    ASSERT_EQ(fork.points.size(), 3U);
    EXPECT_EQ(distance(fork.points[0], {5, 25, 0, 1}), 0);
    EXPECT_EQ(distance(cell.sections[5].points[0], {10, 45, 0, 0.4}), 0);
}

TEST(NeurolucidaReader, reads_a_branch_that_forks_at_once) {
    const Morphology cell = read_neurolucida(
        soma + "((Axon) (5 0 0 1) (5 -9 0 1) ( ((1 -20 0 1) | (3 -20 0 1)) | (9 -20 0 1) | ))",
        "cell.asc");
    ASSERT_EQ(cell.sections.size(), 5U);
    for (std::size_t i = 2; i < 5; ++i) EXPECT_EQ(cell.sections[i].parent, 1);
}

TEST(NeurolucidaReader, says_what_it_assumed) {
    struct Case {
        std::string text, note;
        std::size_t sections;
    };
    const std::string tree = "((Dendrite) (9 2 0 1) (19 2 0 1)";
    const std::vector<Case> cases{
        {tree + ")", "there is no soma: dend[0] takes its place", 1},
        {soma + tree + "(29 2 0 0))", "1 tip of width 0 ends in a cone", 2},
        {soma + "((Dendrite) (9 2 0 1))", "1 branch without length is left out (line 2)", 1},
        {soma + "((Dendrite) (9 2 0 1) (9 2 0 2))", "1 branch without length is left out (line 2)",
         1},
        {soma + tree + "((19 2 0 1) | (29 2 0 1)))", "1 branch without length is left out (line 2)",
         3},
        {soma + "((Dendrite) (29 2 0 1) (39 2 0 1))",
         "dend[0] begins 20.0 um from the outline of the soma, which is 10.3 um wide, and is hung "
         "on it all the same",
         2},
        {soma + "((Color Red) (Glia) (9 2 0 1) (19 2 0 1))",
         "the tree in line 2 is of type \"Glia\", which is not known; taken as basal", 2},
        {soma + "(\"open\" (9 2 0 1) (19 2 0 1))(Cross (9 2 0 1) (4 2 0 1))",
         "points with widths that are no tree are left out: \"open\" (line 2), \"Cross\" (line 2)",
         1},
        {soma + "(\"b\" (CellBody) (1 0 4 1) (9 0 4 1) (9 5 4 1))" + tree + ")",
         "2 outlines are one soma", 2},
        {soma + tree + "(49 2 0 1))((Axon) (30 2.5 0 .5) (40 9 0 .5))",
         "axon[0] begins 0.0 um beside the end of dend[0] and is hung there, not on the soma", 4},
    };
    for (const Case& one : cases) {
        const Morphology cell = read_neurolucida(one.text, "cell.asc");
        EXPECT_EQ(cell.notes, std::vector<std::string>{one.note}) << one.text;
        EXPECT_EQ(cell.sections.size(), one.sections) << one.text;
    }
    const Morphology silent = read_neurolucida(
        soma + "(\"Pia\" (Closed) (9 2 0 1) (19 2 0 1)) (Dot (Color Red) (1 2 3 4))\n" +
            "((Color Red) (1 2 3 4) \"a text\")((DENDRITE) (9 2 0 1) (19 2 0 1))"
            "((axon) (9.3 2 0 1) (19 9 0 1))",
        "cell.asc");
    EXPECT_EQ(silent.notes, std::vector<std::string>{});
    EXPECT_EQ(silent.sections.size(), 3U);
    EXPECT_EQ(silent.sections[2].region, Region::axon);
}

TEST(NeurolucidaReader, branches_of_a_root_of_one_point_begin_at_it) {
    const Morphology cell = read_neurolucida(
        soma + "((Dendrite) (9 2 0 4) ( (19 2 0 2) (29 2 0 1) | (9 12 0 1) ))", "cell.asc");
    ASSERT_EQ(cell.sections.size(), 3U);
    for (const std::size_t i : {1U, 2U}) {
        EXPECT_EQ(cell.sections[i].parent, 0);
        EXPECT_EQ(cell.sections[i].parent_x, 0.5);
    }
    EXPECT_EQ(distance(cell.sections[1].points[0], {9, 2, 0, 2}), 0);
    EXPECT_EQ(distance(cell.sections[2].points[0], {9, 2, 0, 1}), 0);
}

TEST(NeurolucidaReader, an_axon_on_a_dendrite_hangs_there) {
    const std::string axon = "((Axon) (50.5 2 0 .5) (50 30 0 .5))\n";
    const std::string dendrite =
        "((Dendrite) (9 2 0 1) (29 2 0 1) (69 2 0 1) ((79 2 0 1)|(79 9 0 1)))";
    for (const std::string& text : {soma + axon + dendrite, soma + dendrite + axon}) {
        const Morphology cell = read_neurolucida(text, "cell.asc");
        ASSERT_EQ(cell.sections.size(), 6U);
        // The dendrite is cut where the axon begins; what hung on its end hangs on the far part.
        EXPECT_EQ(distance(cell.sections[1].points.back(), {50.5, 2, 0, 1}), 0);
        EXPECT_EQ(distance(cell.sections[2].points.front(), {50.5, 2, 0, 1}), 0);
        EXPECT_EQ(cell.sections[2].parent, 1);
        EXPECT_EQ(cell.sections[3].parent, 2);
        EXPECT_EQ(cell.sections[4].parent, 2);
        EXPECT_EQ(cell.sections[5].name, "axon[0]");
        EXPECT_EQ(cell.sections[5].parent, 1);
        EXPECT_EQ(cell.sections[5].parent_x, 1);
        EXPECT_EQ(distance(cell.sections[5].points[0], {50.5, 2, 0, 0.5}), 0);
    }
}

TEST(NeurolucidaReader, names_the_place_of_every_mistake) {
    struct Case {
        std::string text, message;
    };
    const std::string tree = "((Dendrite) (9 2 0 1) (19 2 0 1)";
    const std::vector<Case> cases{
        {"", "cell.asc:1:1: the file is empty; expected a traced neuron"},
        {"; nothing\n",
         "cell.asc:1:1: no outline of type (CellBody) stands here, so there is no soma. Add one: "
         "(\"CellBody\" (CellBody) (x y z d) ...), three points or "
         "more around it"},
        {std::string("((Axon)\n (1\0 2))", 16),
         "cell.asc:2:4: a byte 0 stands here: this is no text. Expected SWC or Neurolucida ASC"},
        {"1 1 0 0 0 5 -1",
         "cell.asc:1:1: expected \"(\", got \"1\": no Neurolucida text begins a "
         "list so"},
        {"\x7f\x45\x4c\x46",
         "cell.asc:1:1: expected \"(\", got \"?ELF\": no Neurolucida text "
         "begins a list so"},
        {soma + tree + "))",
         "cell.asc:2:34: expected \"(\", got \")\": no Neurolucida text begins "
         "a list so"},
        {tree + ")" + tree + ")",
         "cell.asc:1:1: no outline of type (CellBody) stands here, so there is no soma to join the "
         "2 "
         "trees. Add one: (\"CellBody\" (CellBody) (x y z d) ...), three points or "
         "more around it"},
        {soma + soma, "cell.asc:1:1: the outlines of the soma have one centre: keep one of them"},
        {soma + "(\"b\" (CellBody) (90 0 0 1) (99 0 0 1) (99 5 0 1))",
         "cell.asc:2:1: a second soma: this outline of type (CellBody) does not lie above the one "
         "in "
         "line 1. Expected one soma: keep the outlines of one"},
        {soma + tree, "cell.asc:2:1: this \"(\" is never closed; expected a \")\""},
        {soma + tree + "(", "cell.asc:2:1: this \"(\" is never closed; expected a \")\""},
        {soma + "(\"open", "cell.asc:2:2: this \" is never closed"},
        {soma + tree + "<(1 2 3 4))",
         "cell.asc:2:33: this \"<\" of a spine is never closed; "
         "expected a \">\""},
        {soma + tree + ">)", "cell.asc:2:33: a \">\" without a \"<\" before it"},
        {soma + tree + "|)", "cell.asc:2:33: a \"|\" outside of a fork"},
        {soma + tree + "(29 2 0))",
         "cell.asc:2:40: this point ends after 3 numbers; expected x, "
         "y, z and a diameter"},
        {soma + tree + "(29 2 0 1 7))",
         "cell.asc:2:43: a point has four numbers: x, y, z and a "
         "diameter"},
        {soma + tree + "(29 x 0 1))", "cell.asc:2:37: expected y as a number, got \"x\""},
        {soma + tree + "(29 2.0.1 0 1))", "cell.asc:2:37: expected y as a number, got \"2.0.1\""},
        {soma + tree + "(29 nan 0 1))",
         "cell.asc:2:37: expected y as a finite number, got "
         "\"nan\""},
        {soma + tree + "(29 1e999 0 1))", "cell.asc:2:37: expected y as a number, got \"1e999\""},
        {soma + tree + "(29 (2) 0 1))",
         "cell.asc:2:37: expected a number or the end of this "
         "point, got \"(\""},
        {soma + tree + "(29 2 0 0) (39 2 0 1))",
         "cell.asc:2:33: the width is 0 um here; expected more than 0, but at a tip, which may end "
         "in a point. Give it the width of its neighbour"},
        {soma + tree + "\n(29 2 0 -1))", "cell.asc:3:9: the diameter is -1 um; expected 0 or more"},
        {soma + "((Dendrite) ((9 2 0 1) | (29 2 0 1)))",
         "cell.asc:2:13: this tree forks before its first point"},
        {soma + tree + "((29 2 0 1) | (29 5 0 1)) (30 2 0 1))",
         "cell.asc:2:59: a point after the fork of its branch; expected \"|\" or \")\""},
        {"((CellBody) (0 0 0 1) (9 0 0 1))\n",
         "cell.asc:1:1: the outline of the soma has 2 points; expected three or more"},
        {"((CellBody) (0 0 0 1) (9 0 0 1) (4 0 0 1))\n",
         "cell.asc:1:1: the outline of the soma has no width in the xy plane"},
        {"((CellBody) (1 1 0 1) (1 1 0 1) (1 1 0 1))\n",
         "cell.asc:1:1: the outline of the soma has no length"},
        {"((CellBody) (0 0 0 1) ((9 0 0 1)))\n",
         "cell.asc:1:24: an outline of the soma does not branch"},
    };
    for (const Case& one : cases) EXPECT_EQ(message_of(one.text), one.message) << one.text;
}

TEST(NeurolucidaReader, deep_nesting_needs_no_stack) {
    constexpr int depth = 200000;
    std::string text = soma + "((Dendrite) (9 2 0 1) (10 2 0 1)", lists = soma;
    for (int i = 0; i < depth; ++i) text += fmt::format("(({} 2 0 1)", 11 + i);
    for (int i = 0; i < depth; ++i) text += "|)";
    const Morphology cell = read_neurolucida(text + ")", "cell.asc");
    EXPECT_EQ(cell.sections.size(), depth + 2U);
    EXPECT_EQ(discretise(cell, {}).segments.size(), depth + 2U);
    // Never closed.
    EXPECT_EQ(message_of(lists + std::string(1000000, '(')),
              "cell.asc:2:1: this \"(\" is never closed; expected a \")\"");
}

TEST(NeurolucidaReader, a_million_points_take_seconds) {
    std::string text = soma + "((Dendrite) ";
    for (int i = 0; i < 1000000; ++i) text += fmt::format("({}.5 2 0 1 S1)\n", i);
    const auto begin = std::chrono::steady_clock::now();
    const Morphology cell = read_neurolucida(text + ")", "cell.asc");
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(cell.sections[1].points.size(), 1000000U);
    EXPECT_LT(seconds.count(), 20);
}

}  // namespace
}  // namespace elm::cable

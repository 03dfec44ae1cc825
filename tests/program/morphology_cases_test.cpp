// Traced cells of the kinds that users bring, read and simulated by the program. Peaks are those of
// NEURON for the same file and membrane: a current of 40 ms into the middle of the root.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "kernels/io/hdf5_file.h"
#include "tests/program/run_program.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

std::string case_file(const std::string& name) { return std::string(ELM_CASES_DIR) + "/" + name; }

class MorphologyCases : public testing::Test {
protected:
    ProgramResult simulate(const std::string& shape, const std::vector<std::string>& more = {}) {
        std::vector<std::string> arguments{"simulate",     "--cell", case_file("passive.toml"),
                                           "--morphology", shape,    "--seconds",
                                           "0.055",        "--quiet"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run_program(arguments);
    }
    /// Highest voltage where the current flows.
    double peak(const std::string& shape, const std::string& place = "soma",
                const std::string& amplitude = "0.05") {
        const std::string out = folder_ / "run.h5";
        const ProgramResult result =
            simulate(shape, {"--clamp", place + ":" + amplitude + "nA@5+40", "--precision", "f64",
                             "--every-ms", "0.025", "--record", "voltage:" + place, "--out", out,
                             "--force"});
        EXPECT_EQ(result.exit_code, 0) << shape << ": " << result.err;
        const auto voltage = Hdf5File::open(out).read<double>("/run/voltage:" + place);
        return *std::max_element(voltage.begin(), voltage.end());
    }
    std::string written(const std::string& name, const std::string& text) {
        std::ofstream(folder_ / name) << text;
        return folder_ / name;
    }
    /// Expects one warning on stderr, which says `part`.
    void expect_warning(const std::string& shape, const std::string& part) {
        const ProgramResult result = run_program({"simulate", "--cell", case_file("passive.toml"),
                                                  "--morphology", shape, "--seconds", "0.01"});
        EXPECT_EQ(result.exit_code, 0) << result.err;
        EXPECT_NE(result.err.find(part), std::string::npos) << result.err;
        const std::size_t first = result.err.find(shape + ": ");
        EXPECT_NE(first, std::string::npos) << result.err;
        EXPECT_EQ(result.err.find(shape + ": ", first + 1), std::string::npos) << result.err;
    }

    test::TemporaryDirectory folder_;
};

TEST_F(MorphologyCases, peaks_are_those_of_neuron) {
    struct Case {
        const char* file;
        double low, high;  // mV
    };
    const std::vector<Case> cases{
        {"swc_fork.swc", -38.2, -38.1},
        {"swc_type5_stem.swc", -32.1, -32},
        {"swc_stem_at_soma_end.swc", -32.35, -32.2},
        {"asc_lower_case.asc", 13.1, 13.3},
        {"asc_tilted_outline.asc", -14.05, -13.95},
        {"swc_type0.swc", -12, -11.9},
        {"swc_type9.swc", -3.15, -3.05},
        {"swc_taper_to_zero.swc", 22.1, 22.3},
        {"swc_point_twice.swc", 4.55, 4.65},
        {"asc_fork_point_alone.asc", 8.4, 8.6},
        {"asc_one_point_root.asc", -1.6, -1.4},
        {"swc_extra_column.swc", 18.85, 19},
        {"swc_no_soma.swc", 90.29, 90.39},
        {"sphere10.swc", -1e3, 1e3},
    };
    for (const Case& one : cases) {
        const double found = peak(case_file(one.file));
        EXPECT_GT(found, one.low) << one.file;
        EXPECT_LT(found, one.high) << one.file;
    }
}

TEST_F(MorphologyCases, one_warning_says_what_was_assumed) {
    expect_warning(case_file("swc_type0.swc"), "type 0 (4 points)");
    expect_warning(case_file("swc_type5_stem.swc"), "type 5 (3 points)");
    expect_warning(case_file("swc_taper_to_zero.swc"), "1 tip of width 0 ends in a cone");
    expect_warning(case_file("swc_point_twice.swc"), "without length is left out (line 5)");
    expect_warning(case_file("swc_no_soma.swc"), "there is no soma: axon[0] takes its place");
    expect_warning(case_file("swc_nanometres.swc"),
                   "the soma is 12000 um wide: is the file in nanometres?");
    expect_warning(case_file("asc_axon_on_dendrite.asc"),
                   "axon[0] begins 0.0 um beside the end of dend[0] and is hung there");
    expect_warning(case_file("asc_stack.asc"), "3 outlines are one soma");
    expect_warning(case_file("asc_fork_point_alone.asc"), "without length is left out (line 3)");
    expect_warning(written("small.swc", "1 1 0 0 0 .006 -1\n"), "is the file in millimetres?");
    for (const char* silent : {"swc_fork.swc", "swc_extra_column.swc", "asc_lower_case.asc"}) {
        EXPECT_EQ(simulate(case_file(silent)).err, "") << silent;
    }
}

TEST_F(MorphologyCases, a_pyramid_fires_as_in_neuron) {
    const ProgramResult result =
        run_program({"simulate", "--cell", "l5pc", "--morphology", case_file("swc_pyramid.swc"),
                     "--clamp", "soma:0.9nA@100+400", "--seconds", "0.37", "--json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NE(result.out.find("\"spikes\": 4"), std::string::npos) << result.out;
}

TEST_F(MorphologyCases, places_are_written_as_neuron_writes_them) {
    const std::string shape = case_file("swc_pyramid.swc");
    const double at_soma = peak(shape);
    for (const char* place : {"soma(0.5)", "soma[0]", "soma[0](0.5)", "Cell[0].soma[0](0.5)"}) {
        EXPECT_EQ(peak(shape, place), at_soma) << place;
    }
    EXPECT_EQ(peak(shape, "dend[3](0.2)"), peak(shape, "cell.dend[3](0.2)"));
    EXPECT_EQ(peak(shape, "apic[0]"), peak(shape, "apic"));
    EXPECT_GT(peak(case_file("swc_no_soma.swc"), "axon[0](0)"), -70);
    const auto expect_refused = [&](const std::string& place, const std::string& part) {
        const ProgramResult result = simulate(shape, {"--clamp", place + ":1nA@0+5"});
        EXPECT_EQ(result.exit_code, 2);
        EXPECT_NE(result.error().find(part), std::string::npos) << result.error();
    };
    expect_refused("dend[99]", "soma[0], dend[0] to dend[41], apic[0] to apic[38]");
    expect_refused("dent[3]", "Did you mean dend[3]?");
    expect_refused("soma(1.5)", "a position from 0 to 1");
    expect_refused("nexus(0.5)", "leave out the position");
}

TEST_F(MorphologyCases, a_shape_given_as_a_cell_is_told_where_it_goes) {
    const std::string shape = case_file("swc_fork.swc"), cell = case_file("passive.toml");
    expect_error({"simulate", "--cell", shape, "--seconds", "0.01"}, 2,
                 "a shape, which is given by --morphology");
    expect_error({"simulate", "--morphology", cell, "--seconds", "0.01", "--cell", "l5pc"}, 2,
                 "a cell, which is given by --cell");
}

TEST_F(MorphologyCases, inspect_says_what_a_shape_is) {
    const ProgramResult result = run_program({"inspect", case_file("swc_fork.swc")});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    for (const char* part :
         {"shape of a neuron", "sections", "depth in sections", "soma", "basal"}) {
        EXPECT_NE(result.out.find(part), std::string::npos) << part << "\n" << result.out;
    }
    const std::string json =
        run_program({"inspect", case_file("swc_fork.swc"), case_file("asc_stack.asc"), "--json"})
            .out;
    for (const char* part : {"\"area_um2\": 763.823375271", "\"parent\": \"dend[0]\"",
                             "\"length_um\": 8.1259143432195"}) {
        EXPECT_NE(json.find(part), std::string::npos) << part << "\n" << json;
    }
    EXPECT_NE(run_program({"inspect", case_file("swc_nanometres.swc")}).out.find("nanometres?"),
              std::string::npos);
    expect_error({"inspect", folder_ / "absent.swc"}, 3, "there is no such file");
}

TEST_F(MorphologyCases, inspect_draws_shapes_and_cells) {
    const std::string picture = folder_ / "shape.svg";
    for (const std::string& file : {case_file("swc_pyramid.swc"), case_file("sphere10.swc"),
                                    case_file("asc_stack.asc"), case_file("passive.toml")}) {
        const ProgramResult result = run_program({"inspect", file, "--plot", picture, "--force"});
        if (result.exit_code == 4) GTEST_SKIP() << "no gnuplot";
        EXPECT_EQ(result.exit_code, 0) << result.err;
        EXPECT_TRUE(std::ifstream(picture).good());
    }
}

TEST_F(MorphologyCases, inspect_says_what_a_cell_is) {
    const ProgramResult passive = run_program({"inspect", case_file("passive.toml")});
    EXPECT_EQ(passive.exit_code, 0) << passive.err;
    EXPECT_NE(passive.out.find("leak"), std::string::npos) << passive.out;
    const ProgramResult l5pc = run_program({"inspect", "l5pc"});
    EXPECT_EQ(l5pc.exit_code, 0) << l5pc.err;
    for (const char* part : {"NaTs2_t", "apical", "nexus", "1278"}) {
        EXPECT_NE(l5pc.out.find(part), std::string::npos) << part << "\n" << l5pc.out;
    }
    expect_error({"inspect", folder_ / "absent.toml"}, 3, "there is no such file");
}

TEST_F(MorphologyCases, several_somata_and_trees_are_refused_with_a_remedy) {
    const auto refused = [&](const std::string& name, const std::string& text,
                             const std::string& part) {
        const ProgramResult result = simulate(written(name, text));
        EXPECT_EQ(result.exit_code, 3);
        EXPECT_NE(result.error().find(part), std::string::npos) << result.error();
    };
    refused("two.swc", "1 1 0 0 0 5 -1\n2 3 9 0 0 1 -1\n", "give it a parent");
    refused(
        "two.asc",
        "((CellBody) (0 0 0 1) (9 0 0 1) (4 7 0 1))((CellBody) (50 0 0 1) (59 0 0 1) (54 7 0 1))",
        "a second soma");
    refused("none.asc", "((Axon) (0 0 0 1) (9 0 0 1))((Axon) (0 0 0 1) (9 9 0 1))", "Add one: (");
    refused("zero.swc", "1 1 0 0 0 5 -1\n2 3 9 0 0 0 1\n3 3 29 0 0 1 2\n", "at a tip");
}

}  // namespace
}  // namespace elm

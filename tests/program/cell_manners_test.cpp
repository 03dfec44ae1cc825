// Messages of `elmsim simulate --cell` and `elmsim generate neuronio` about input, places and
// pictures that are not as their user thinks.

#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include "kernels/io/hdf5_file.h"
#include "tests/program/run_program.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

class CellManners : public testing::Test {
protected:
    static std::string case_file(const std::string& name) {
        return (std::filesystem::path(ELM_CASES_DIR) / name).string();
    }

    /// Lines on stderr that begin with "warning: ".
    static std::vector<std::string> warnings(const ProgramResult& result) {
        std::vector<std::string> lines;
        const std::string start = "warning: ";
        for (std::size_t at = 0; at < result.err.size();) {
            const std::size_t end = result.err.find('\n', at);
            const std::string line = result.err.substr(at, end - at);
            if (line.starts_with(start)) lines.push_back(line.substr(start.size()));
            if (end == std::string::npos) break;
            at = end + 1;
        }
        return lines;
    }

    static std::vector<std::string> short_run(const std::vector<std::string>& more) {
        std::vector<std::string> arguments{"simulate", "--cell", "l5pc", "--seconds", "0.001"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }

    /// Expects a run to succeed with this warning and no other; none where `part` is empty.
    static void expect_warning(const std::vector<std::string>& arguments, const std::string& part) {
        const ProgramResult result = run_program(arguments);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        const auto lines = warnings(result);
        ASSERT_EQ(lines.size(), part.empty() ? 0U : 1U) << result.err;
        if (!part.empty()) {
            EXPECT_NE(lines[0].find(part), std::string::npos) << lines[0];
        }
    }

    test::TemporaryDirectory folder_;
};

TEST_F(CellManners, a_shape_without_the_nexus_runs) {
    const std::vector<std::string> shape{"--morphology", case_file("swc_no_apical.swc")};
    expect_warning(short_run(shape), "");
    auto asked = short_run(shape);
    asked.insert(asked.end(), {"--record", "voltage:nexus"});
    expect_error(asked, 2, "there is no apical section to look for a place 678.4 um from the soma");
    auto current = short_run(shape);
    current.insert(current.end(), {"--clamp", "nexus:1nA@0+1"});
    expect_error(current, 2, "Give a section instead, such as");
    expect_warning({"generate", "neuronio", "--morphology", case_file("swc_no_apical.swc"),
                    "--simulations", "1", "--seconds", "0.01", "--out", folder_ / "a.h5"},
                   "no nexus is recorded");
    EXPECT_FALSE(Hdf5File::open(folder_ / "a.h5").has("/sim_00000/nexus_voltage_mV"));
}

TEST_F(CellManners, a_nexus_beyond_the_shape_is_told_where_it_is_used) {
    const std::vector<std::string> shape{"--morphology", case_file("swc_short_apical.swc")};
    const auto run = [&](const std::vector<std::string>& more) {
        auto arguments = short_run(shape);
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    };
    const std::string note = "the main apical path ends at 179.0 um";
    expect_warning(run({"--record", "voltage:nexus,calcium:nexus"}), note);
    expect_warning(run({"--record", "voltage:soma", "--clamp", "nexus:1nA@0+1"}), note);
    expect_warning(run({"--record", "voltage:soma"}), "");
    expect_warning({"generate", "neuronio", "--morphology", case_file("swc_short_apical.swc"),
                    "--simulations", "1", "--seconds", "0.01", "--out", folder_ / "a.h5"},
                   note);
}

TEST_F(CellManners, currents_that_do_nothing_are_told) {
    expect_warning(short_run({"--clamp", "soma:1nA@200+5", "soma:1nA@0+5", "nexus:1nA@1~0.5/5"}),
                   "soma:1nA@200+5 (it begins after the end); nexus:1nA@1~0.5/5 (it begins after");
    expect_warning(short_run({"--clamp", "soma:1nA@0.013+0.01"}), "between two time steps");
    expect_warning(short_run({"--clamp", "soma:0nA@0+1"}), "a current of 0 nA");
    expect_warning(short_run({"--clamp", "soma:1nA@0+100"}), "");
}

TEST_F(CellManners, currents_that_are_no_numbers_are_refused) {
    const auto refused = [&](const std::string& text, const std::string& part) {
        expect_error(short_run({"--clamp", text}), 2, "--clamp: current '" + text + "': " + part);
    };
    refused("soma:nannA@0+5", "the current is nan, expected a finite number");
    refused("soma:-infnA@0+5", "the current is -inf");
    refused("soma:1nA@nan+5", "the start is nan");
    refused("soma:1nA@0+inf", "the duration is inf");
    refused("soma:1nA@0~nan/5", "the rise is nan");
    refused("soma:1nA@0~1/inf", "the decay is inf");
    refused("soma:1e400nA@0+5", "expected PLACE:");
    refused("soma:1,5nA@0+5", "expected PLACE:");
    refused("soma:1nA@5ms+5ms", "expected PLACE:");
    refused("soma:1nA@-5+5", "it starts before 0 ms");
    refused("soma:1nA@0+0", "expected a duration above 0 ms");
    refused("soma:1nA@5+-2", "expected a duration above 0 ms");
}

TEST_F(CellManners, recordings_of_what_is_not_there_are_told) {
    expect_warning(short_run({"--record", "current.Ca_HVA:dend[0],voltage:soma"}),
                   "current.Ca_HVA:dend[0] (no Ca_HVA there; the cell has it in: soma, ");
    expect_warning(
        short_run({"--record", "conductance.squid_Na:all,calcium:dend[0],synapses:soma"}),
        "squid_Na there; the cell has none); calcium:dend[0] (no calcium pool there; ");
    expect_warning(short_run({"--record", "current.Ca_HVA:all,synapses:dend[0]"}), "");
}

TEST_F(CellManners, synapses_that_stay_silent_are_told) {
    expect_warning({"simulate", "--cell", "l5pc", "--input", case_file("spike_at_zero.h5"),
                    "--seconds", "0.005"},
                   "stay silent for the whole run: they have a spike in the first time step");
    expect_warning(short_run({"--poisson", "0"}),
                   "no input spike within the run in 1 of 1 samples");
    expect_warning(short_run({"--poisson", "100"}), "");
    expect_warning(
        {"simulate", "--model", "leaky-integrator", "--poisson", "0", "--seconds", "0.01"},
        "no input spike within the run");
}

TEST_F(CellManners, flat_traces_are_drawn_without_a_word_of_gnuplot) {
    if (std::system("command -v gnuplot >/dev/null 2>&1") != 0) GTEST_SKIP() << "no gnuplot";
    for (const char* const name : {"a.png", "a.svg", "a.pdf"}) {
        const ProgramResult result =
            run_program({"simulate", "--cell", case_file("passive.toml"), "--seconds", "0.01",
                         "--quiet", "--plot", folder_ / name});
        EXPECT_EQ(result.exit_code, 0) << result.err;
        EXPECT_EQ(result.err, "");
        EXPECT_GT(std::filesystem::file_size(folder_ / name), 2000U) << name;
    }
    const ProgramResult silent =
        run_program({"simulate", "--cell", "l5pc", "--seconds", "0.001", "--quiet", "--record",
                     "synapses:soma,voltage:soma", "--plot", folder_ / "b.png"});
    EXPECT_EQ(silent.err.find("gnuplot"), std::string::npos) << silent.err;
    EXPECT_EQ(silent.err.find("range"), std::string::npos) << silent.err;
}

TEST_F(CellManners, numbers_of_flags_are_checked_by_name) {
    const char* const bad[] = {"nan", "inf", "-1", "1e400", "1,5", "5ms"};
    for (const char* const value : bad) {
        const std::string text = value;
        for (const char* const flag : {"--seconds", "--dt-ms", "--every-ms"}) {
            auto arguments = short_run({});
            if (std::string(flag) == "--seconds") {
                arguments[4] = text;
            } else {
                arguments.insert(arguments.end(), {flag, text});
            }
            expect_error(arguments, 2, std::string(flag) + " " + text + ": expected a");
        }
        expect_error(short_run({"--poisson", text}), 2, "--poisson");
        expect_error(short_run({"--threads", text}), 2, "--threads " + text);
        expect_error(short_run({"--seed", text}), 2, "--seed " + text);
        for (const char* const flag : {"--seconds", "--dt-ms", "--first", "--batch"}) {
            expect_error({"generate", "neuronio", "--simulations", "1", "--out", folder_ / "a.h5",
                          flag, text},
                         2, std::string(flag) + " " + text + ": ");
        }
        expect_error({"generate", "neuronio", "--simulations", text, "--out", folder_ / "a.h5"}, 2,
                     "--simulations " + text + ": expected");
    }
}

}  // namespace
}  // namespace elm

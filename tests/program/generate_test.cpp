// elmsim generate neuronio and simulate --cell as a user runs them, on a cell that is small enough
// to take no time.

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "kernels/io/hdf5_file.h"
#include "tests/program/run_program.h"
#include "tests/program/small_cell_files.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class Generate : public testing::Test {
protected:
    std::string cell() const { return files_.path(); }
    std::string out() const { return folder_ / "out.h5"; }
    std::vector<std::string> generate(const std::string& path,
                                      const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments{
            "generate", "neuronio", "--cell",  cell(), "--simulations", "6", "--seconds", "0.2",
            "--seed",   "3",        "--batch", "2",    "--out",         path};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }
    /// The same with another value of one flag.
    static std::vector<std::string> with(std::vector<std::string> arguments,
                                         const std::string& flag, const std::string& value) {
        *(std::find(arguments.begin(), arguments.end(), flag) + 1) = value;
        return arguments;
    }
    static void expect_good(const std::vector<std::string>& arguments) {
        const ProgramResult result = run_program(arguments);
        EXPECT_EQ(result.exit_code, 0) << result.err;
    }
    std::size_t n_parts() const {
        std::size_t count = 0;
        if (!fs::exists(out() + ".partial")) return 0;
        for (const auto& entry : fs::directory_iterator(out() + ".partial")) {
            count += entry.path().extension() == ".h5" ? 1 : 0;
        }
        return count;
    }

    test::TemporaryDirectory folder_;
    test::SmallCellFiles files_{folder_.path()};
};

TEST_F(Generate, makes_ground_truth_that_other_commands_take) {
    const ProgramResult made = run_program(generate(out(), {"--json", "--dendrites"}));
    ASSERT_EQ(made.exit_code, 0) << made.err;
    for (const char* part :
         {"\"items\": 6", "\"output\": ", "\"items_per_second\": ", "\"command\": \"generate\""}) {
        EXPECT_NE(made.out.find(part), std::string::npos) << made.out;
    }
    const Hdf5File file = Hdf5File::open(out());
    EXPECT_EQ(file.shape("/sim_00005/soma_voltage_highres_mV"), std::vector<std::int64_t>{1600});
    const auto sites = static_cast<std::int64_t>(file.number_attribute("/", "num_segments"));
    EXPECT_EQ(file.shape("/sim_00000/dendrite_voltage_mV"),
              (std::vector<std::int64_t>{sites, 200}));
    const ProgramResult seen = run_program({"inspect", out()});
    EXPECT_NE(seen.out.find("output rate"), std::string::npos) << seen.out;
    EXPECT_NE(seen.out.find("cell_hash"), std::string::npos) << seen.out;
    const std::string json = run_program({"inspect", out(), "--json"}).out;
    EXPECT_NE(json.find("\"statistics\""), std::string::npos) << json;
    expect_good({"simulate", "--cell", cell(), "--input", out()});
}

TEST_F(Generate, bits_follow_from_seed_and_number_alone) {
    expect_good(generate(out(), {"--threads", "1"}));
    const std::string again = folder_ / "again.h5", part = folder_ / "part.h5";
    expect_good(generate(again, {"--threads", "2"}));
    EXPECT_EQ(bytes_of(out()), bytes_of(again));
    expect_good(with(generate(part, {"--first", "3"}), "--simulations", "2"));
    const Hdf5File all = Hdf5File::open(out()), some = Hdf5File::open(part);
    for (const char* data :
         {"input_time_ms", "input_synapse", "soma_voltage_highres_mV", "nexus_voltage_mV"}) {
        for (const char* simulation : {"/sim_00003/", "/sim_00004/"}) {
            const std::string path = std::string(simulation).append(data);
            EXPECT_EQ(all.read<float>(path), some.read<float>(path)) << path;
        }
    }
    EXPECT_FALSE(some.has("/sim_00002"));
}

TEST_F(Generate, goes_on_after_a_kill_to_the_same_bytes) {
    const std::string whole = folder_ / "whole.h5";
    auto arguments = with(generate(out()), "--simulations", "160");
    expect_good(with(generate(whole), "--simulations", "160"));
    int cut = 0;
    for (const int signal : {SIGKILL, SIGINT, SIGTERM}) {
        auto next = arguments;
        next.emplace_back("--resume");
        const std::size_t before = n_parts();
        const ProgramResult result = run_program(next, {.signal = signal, .signal_after_ms = 300});
        if (fs::exists(out())) break;  // a fast machine
        ++cut;
        EXPECT_EQ(result.exit_code, 128 + signal) << result.err;
        EXPECT_GE(n_parts(), before);
    }
    EXPECT_GT(cut, 0);
    if (n_parts() > 0) expect_error(arguments, 2, "--resume");
    arguments.emplace_back("--resume");
    expect_good(arguments);
    EXPECT_EQ(bytes_of(out()), bytes_of(whole));
    EXPECT_FALSE(fs::exists(out() + ".partial"));
    expect_good(arguments);  // nothing left to do
}

TEST_F(Generate, a_full_disk_leaves_nothing_under_the_final_name) {
    for (const long limit : {8000L, 20000L}) {
        const ProgramResult result =
            run_program(generate(out(), {"--force"}),
                        {.file_size_limit = limit, .environment = {"ASAN_OPTIONS=detect_leaks=0"}});
        EXPECT_EQ(result.exit_code, 7) << limit << ": " << result.err;
        EXPECT_NE(result.error().find("Is the disk full?"), std::string::npos) << result.err;
        EXPECT_FALSE(fs::exists(out()));
    }
    expect_good(generate(out(), {"--resume"}));
}

TEST_F(Generate, a_folder_of_files) {
    const std::string data = folder_ / "data";
    expect_good(generate(data, {"--simulations-per-file", "4"}));
    EXPECT_TRUE(Hdf5File::open(data + "/neuronio-000.h5").has("/sim_00003"));
    const Hdf5File second = Hdf5File::open(data + "/neuronio-001.h5");
    EXPECT_TRUE(second.has("/sim_00005"));
    EXPECT_FALSE(second.has("/sim_00003"));
    expect_error(generate(data, {"--simulations-per-file", "4"}), 2, "--resume");
    const std::string first = bytes_of(data + "/neuronio-000.h5");
    fs::remove(data + "/neuronio-000.h5");
    expect_good(generate(data, {"--simulations-per-file", "4", "--resume"}));
    EXPECT_EQ(bytes_of(data + "/neuronio-000.h5"), first);
}

TEST_F(Generate, mistakes_are_named) {
    expect_error({"generate", "neuronia"}, 2, "Did you mean neuronio?");
    expect_error({"generate", "neuronio", "--simulations", "2"}, 2, "--out is missing");
    expect_error(generate(out(), {"--dt-ms", "0.1"}), 2, "Choose 0.125, 0.0625");
    expect_error(with(generate(out()), "--seconds", "0.0005"), 2, "a whole number of ms");
    expect_error(with(generate(out()), "--simulations", "0"), 2, "--simulations 0");
    expect_error(generate(out(), {"--resume", "--force"}), 2, "give one of them");
    expect_error({"generate", "neuronio", "--cell", "l5cp", "--simulations", "1", "--out", out()},
                 2, "Did you mean l5pc?");
    std::ofstream(out()) << "precious";
    expect_error(generate(out()), 2, "--force");
    EXPECT_EQ(bytes_of(out()), "precious");
    expect_error(generate(folder_ / "none/out.h5"), 7, "there is no folder");
    std::ofstream(cell(), std::ios::app) << "[region.axon]\nfoo = 1\n";
    expect_error(generate(out(), {"--force"}), 2, "small.toml:31:1: region.axon.foo");
}

TEST_F(Generate, a_cell_is_simulated_by_itself) {
    const ProgramResult result = run_program(
        {"simulate", "--cell", cell(), "--clamp", "soma:0.5nA@50+100", "--seconds", "0.2",
         "--record", "voltage:soma,current.squid_Na:soma,voltage:all", "--out", out(), "--json"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NE(result.out.find("\"steps\": 8000"), std::string::npos) << result.out;
    const Hdf5File file = Hdf5File::open(out());
    EXPECT_EQ(file.number_attribute("/", "time_step_ms"), 0.1);
    const auto soma = file.read<double>("/run/voltage:soma");
    ASSERT_EQ(soma.size(), 2001u);
    EXPECT_EQ(soma[0], -70);
    const auto spikes = file.read<double>("/run/spike_time_ms");
    ASSERT_FALSE(spikes.empty());
    EXPECT_GT(spikes.front(), 50);
    EXPECT_LT(spikes.back(), 151);
    // What is recorded is the trace that has these peaks.
    EXPECT_GT(*std::max_element(soma.begin(), soma.end()), -25);
    const auto shape = file.shape("/run/voltage:all");
    ASSERT_EQ(shape.size(), 2u);
    EXPECT_EQ(shape[1], 2001);
    const auto all = file.read<double>("/run/voltage:all");
    EXPECT_EQ(std::vector(all.begin(), all.begin() + 2001), soma);
    const ProgramResult again = run_program({"simulate", "--config", out(), "--force"});
    EXPECT_EQ(again.exit_code, 0) << again.err;
}

TEST_F(Generate, flags_of_cells_and_models_are_kept_apart) {
    expect_error({"simulate", "--cell", cell(), "--model", "leaky-integrator", "--seconds", "1"}, 2,
                 "not both");
    expect_error({"simulate", "--cell", cell()}, 2, "--seconds");
    expect_error({"simulate", "--cell", cell(), "--seconds", "1", "--start-ms", "5"}, 2,
                 "--start-ms is for fitted models");
    expect_error({"simulate", "--model", "leaky-integrator", "--poisson", "5", "--seconds", "1",
                  "--clamp", "soma:1nA@1+5"},
                 2, "add --cell");
    expect_error({"simulate", "--cell", cell(), "--seconds", "1", "--every-ms", "0.03"}, 2,
                 "a multiple of the time step");
    expect_error({"simulate", "--cell", cell(), "--seconds", "1", "--record", "voltage:dnd[0]"}, 2,
                 "dend[0]");
}

TEST_F(Generate, a_cell_is_drawn) {
    const auto draw = [&](const std::string& colours, const std::string& name) {
        return std::vector<std::string>{
            "simulate", "--cell",    cell(), "--plot-morphology", folder_ / name,  "--colour-by",
            colours,    "--seconds", "0.01", "--clamp",           "soma:0.5nA@1+5"};
    };
    const ProgramResult result = run_program(draw("voltage", "peak.svg"));
    if (result.exit_code == 4) GTEST_SKIP() << "no gnuplot";
    EXPECT_EQ(result.exit_code, 0) << result.err;
    expect_good(draw("voltage@5", "at_5.svg"));
    expect_good(draw("voltage@0", "at_0.svg"));
    EXPECT_NE(bytes_of(folder_ / "peak.svg"), bytes_of(folder_ / "at_0.svg"));
    // Densities need no run.
    expect_good({"simulate", "--cell", cell(), "--plot-morphology", folder_ / "density.svg",
                 "--colour-by", "density:squid_Na"});
    expect_error(draw("voltge", "x.svg"), 2, "Did you mean voltage?");
    expect_error(draw("voltage@x", "x.svg"), 2, "expected a time in ms");
    expect_error(draw("voltage@11", "x.svg"), 2, "past the end");
    expect_error(draw("density:squid", "x.svg"), 2, "no channel 'squid'");
    expect_error(draw("voltage", "x.txt"), 2, ".png");
    expect_error(draw("voltage", "peak.svg"), 2, "--force");
    EXPECT_FALSE(fs::exists(folder_ / "x.svg"));
}

TEST_F(Generate, ground_truth_is_drawn) {
    const std::string made = folder_ / "made.svg", seen = folder_ / "seen.svg";
    const ProgramResult result = run_program(generate(out(), {"--plot", made}));
    if (result.exit_code == 4) GTEST_SKIP() << "no gnuplot";
    ASSERT_EQ(result.exit_code, 0) << result.err;
    expect_good({"inspect", out(), "--plot", seen});
    const std::string picture = bytes_of(seen);
    for (const char* part : {"sim_00000", "sim_00001", "nexus", "6 simulations", "output rate"}) {
        EXPECT_NE(picture.find(part), std::string::npos) << part;
    }
    EXPECT_NE(bytes_of(made).find("6 simulations"), std::string::npos);
    expect_error({"inspect", seen, "--plot", folder_ / "x.svg"}, 3, "table of spikes");
}

TEST_F(Generate, cells_and_channels_are_listed) {
    EXPECT_NE(run_program({"list", "cells"}).out.find("l5pc"), std::string::npos);
    EXPECT_NE(run_program({"list", "channels"}).out.find("NaTs2_t"), std::string::npos);
}

}  // namespace
}  // namespace elm

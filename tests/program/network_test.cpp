// elmsim network: files and benchmarks, what they leave, and what is refused.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "kernels/io/hdf5_file.h"
#include "tests/program/run_program.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

const std::string spec = R"(
[network]
duration = 300
discard = 100
seed = 4

[population.cells]
size = 400
neuron = "lif_exponential"
tau_excitatory = 3
constant_current = "380 pA"
initial = { membrane_potential = { uniform = [-65, -50] } }

[[connection]]
from = "cells"
to = "cells"
rule = "fixed-in-degree"
degree = 20
weight = "-20 pA"
delay = "1 ms"

[[trace]]
of = "cells"
neurons = [0, 7]
)";

class NetworkCommand : public testing::Test {
protected:
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name) << text;
        return folder_ / name;
    }
    std::string place(const std::string& name) const { return folder_ / name; }

    test::TemporaryDirectory folder_;
};

TEST_F(NetworkCommand, a_file_becomes_spikes_that_other_commands_read) {
    const std::string file = write("net.toml", spec);
    const auto result = run_program({"network", "run", file, "--out", place("spikes.h5")});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NE(result.out.find("real-time factor"), std::string::npos) << result.out;
    EXPECT_NE(result.out.find("cells"), std::string::npos);
    const Hdf5File output = Hdf5File::open(place("spikes.h5"));
    const auto times = output.read<double>("/spikes/cells/timestamps");
    const auto ids = output.read<std::int64_t>("/spikes/cells/node_ids");
    EXPECT_GT(times.size(), 500u);
    EXPECT_EQ(times.size(), ids.size());
    EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
    EXPECT_EQ(output.shape("/traces/cells/membrane_potential"),
              (std::vector<std::int64_t>{3000, 2}));
    EXPECT_NE(output.read_string("/config").find("degree = 20"), std::string::npos);
    const auto inspected = run_program({"inspect", place("spikes.h5")});
    EXPECT_EQ(inspected.exit_code, 0) << inspected.err;
    expect_error({"network", "run", file, "--out", place("spikes.h5")}, 2, "--force");
}

TEST_F(NetworkCommand, results_are_the_same_for_any_threads_and_differ_with_the_seed) {
    const std::string file = write("net.toml", spec);
    const auto times = [&](const std::vector<std::string>& flags) {
        std::vector<std::string> all{"network",     "run",     file,     "--out",
                                     place("s.h5"), "--force", "--quiet"};
        all.insert(all.end(), flags.begin(), flags.end());
        EXPECT_EQ(run_program(all).exit_code, 0);
        return Hdf5File::open(place("s.h5")).read<double>("/spikes/cells/timestamps");
    };
    const auto one = times({"--threads", "1"});
    EXPECT_EQ(times({"--threads", "2"}), one);
    EXPECT_NE(times({"--seed", "5"}), one);
    EXPECT_EQ(times({"--seed", "4"}), one);
}

TEST_F(NetworkCommand, json_has_what_scripts_rely_on) {
    for (const char* const engine : {"time-stepped", "event-driven"}) {
        const auto result = run_program({"network", "bench", "cuba", "--scale", "0.1", "--seconds",
                                         "0.2", "--engine", engine, "--json"});
        ASSERT_EQ(result.exit_code, 0) << result.err;
        const auto json = nlohmann::json::parse(result.out);
        EXPECT_EQ(json["command"], "network");
        EXPECT_EQ(json["neurons"], 400);
        EXPECT_GT(json["synapses"], 2500);
        EXPECT_GT(json["real_time_factor"], 0);
        EXPECT_GT(json["build_seconds"], 0);
        EXPECT_TRUE(json["rates_hz"].contains("excitatory"));
        EXPECT_TRUE(json["cv_isi"].contains("inhibitory"));
    }
}

TEST_F(NetworkCommand, names_mistakes_with_their_place_and_what_is_near) {
    expect_error({"network", "rnu", "x"}, 2, "Did you mean run?");
    expect_error({"network", "bench", "brunell"}, 2, "Did you mean brunel?");
    expect_error({"network", "bench", "cuba", "--scale", "0"}, 2, "--scale 0");
    expect_error({"network", "run", place("none.toml")}, 3, "there is no such file");
    expect_error({"network", "run", place(".")}, 3, "is a folder");
    expect_error({"network", "bench", "cuba", "--scale", "0.01"}, 2, "expected at least 0.02");
    expect_error({"network", "bench", "cuba", "--seconds", "1e-9"}, 2, "at least one step");
    expect_error({"network", "run", write("a.toml", spec), "--scale", "2"}, 2,
                 "--scale is for benchmarks");
    expect_error({"network", "run", write("b.toml", "[population.a\n")}, 2, "b.toml:1:");
    expect_error({"network", "bench", "coba", "--engine", "event-driven"}, 4,
                 "the event-driven engine has no neuron lif_conductance");
    expect_error({"network", "bench", "cuba", "--device", "cuda"}, 4, "networks run on the CPU");
    EXPECT_FALSE(std::filesystem::exists(place("spikes.h5")));
}

}  // namespace
}  // namespace elm

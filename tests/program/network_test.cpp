// elmsim network: files and benchmarks, what they leave, and what is refused.

#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "kernels/core/device.h"
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

TEST_F(NetworkCommand, two_processes_write_the_file_of_one) {
    const std::string launcher = ELM_LAUNCHER;
    if (launcher.empty()) GTEST_SKIP() << "this build has no MPI";
    const std::string file = write("net.toml", spec + R"(
[population.noise]
size = 100
neuron = "poisson"
rate_hz = 30
short_term = { release = 0.6, tau_recovery = 100 }

[[connection]]
from = "noise"
to = "cells"
rule = "fixed-in-degree"
degree = 30
weight = "20 pA"
delay = 1
stdp = { rule = "bounded", largest_weight = "60 pA" }
homeostasis = { rule = "normalise", total = "0.6 nA", every = 50 }
)");
    const auto arguments = [&](const char* out) {
        return std::vector<std::string>{"network", "run",   file,      "--threads",
                                        "1",       "--out", place(out)};
    };
    ASSERT_EQ(run_program(arguments("one.h5")).exit_code, 0);
    const std::string log = place("log");
    ASSERT_EQ(launch(launcher, arguments("two.h5"), log), 0) << contents(log);
    const Hdf5File one = Hdf5File::open(place("one.h5")), two = Hdf5File::open(place("two.h5"));
    EXPECT_EQ(one.read<double>("/weights/1/weight").size(), 400u * 30);
    for (const char* const name :
         {"/spikes/cells/timestamps", "/spikes/cells/node_ids", "/traces/cells/membrane_potential",
          "/weights/1/source", "/weights/1/target", "/weights/1/weight"}) {
        EXPECT_EQ(two.read<double>(name), one.read<double>(name)) << name;
    }
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

const std::string sayable = R"(
[network]
duration = 300
time_step = 0.2
seed = 9

[population.cells]
size = 40
neuron = "lif"
refractory_period = 0
constant_current = { uniform = [0.3, 0.42] }

[population.noise]
size = 20
neuron = "poisson"
rate_hz = 40

[[connection]]
from = "cells"
to = "cells"
rule = "fixed-in-degree"
degree = 6
weight = { normal = [-0.4, 0.3] }
delay = { uniform = [0.4, 3] }

[[connection]]
from = "noise"
to = "cells"
rule = "fixed-probability"
probability = 0.3
weight = 1.5
delay = 1
)";

TEST_F(NetworkCommand, a_network_has_its_spikes_in_the_files_of_others_too) {
    const std::string file = write("net.toml", sayable);
    const auto spikes = [&](std::vector<std::string> flags, const std::string& population) {
        flags.insert(flags.end(), {"--out", place("out.h5"), "--force", "--precision", "f64"});
        const auto result = run_program(flags);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        const Hdf5File output = Hdf5File::open(place("out.h5"));
        std::vector<double> all = output.read<double>("/spikes/" + population + "/timestamps");
        for (double& time : all) time = std::round(time * 5);  // steps
        const auto ids = output.read<std::int64_t>("/spikes/" + population + "/node_ids");
        EXPECT_EQ(all.size(), ids.size());
        all.insert(all.end(), ids.begin(), ids.end());
        return all;
    };
    const auto expected = spikes({"network", "run", file}, "cells");
    EXPECT_GT(expected.size(), 100u);
    std::filesystem::copy_file(place("out.h5"), place("noise.h5"));

    const auto graph = run_program({"network", "convert", file, "--out", place("net.nir")});
    ASSERT_EQ(graph.exit_code, 0) << graph.err;
    EXPECT_NE(graph.out.find("NIR graph of 40 neurons"), std::string::npos) << graph.out;
    EXPECT_EQ(spikes({"network", "run", place("net.nir"), "--input", place("noise.h5"), "--dt-ms",
                      "0.2", "--rule", "exact"},
                     "cells.output"),
              expected);

    // Back from the graph, whose noise has become an input, and over to SONATA.
    ASSERT_EQ(run_program({"network", "convert", place("net.nir"), "--dt-ms", "0.2", "--input",
                           place("noise.h5"), "--out", place("sonata")})
                  .exit_code,
              0);
    EXPECT_EQ(spikes({"network", "run", place("sonata/simulation_config.json"), "--seconds", "0.3"},
                     "cells"),
              expected);
    EXPECT_NE(run_program({"inspect", place("net.nir")}).out.find("NIR graph"), std::string::npos);
    EXPECT_NE(run_program({"inspect", place("sonata/circuit_config.json")}).out.find("SONATA net"),
              std::string::npos);
    EXPECT_NE(run_program({"inspect", place("sonata/network/cells_nodes.h5")}).out.find("cells, "),
              std::string::npos);
    EXPECT_NE(run_program({"inspect", file}).out.find(": network"), std::string::npos);
    const auto json =
        nlohmann::json::parse(run_program({"network", "run", place("net.nir"), "--dt-ms", "0.2",
                                           "--seconds", "0.1", "--json"})
                                  .out);
    EXPECT_EQ(json["neurons"], 40);
    EXPECT_TRUE(json["rates_hz"].contains("cells.output"));

    expect_error({"network", "convert", file, "--out", place("net.nir")}, 2, "--force");
    expect_error({"network", "convert", file, "--out", file, "--force"}, 2, "that is converted");
    expect_error({"network", "convert", file}, 2, "--out NAME.nir");
    expect_error({"network", "convert", place("net.nir"), "--out", place("x")}, 2, "--dt-ms");
    expect_error({"network", "run", place("net.nir"), "--dt-ms", "0.2"}, 2,
                 "nothing goes into the graph");
    expect_error({"network", "run", place("net.nir"), "--seconds", "1"}, 3,
                 "is no whole number of steps of 0.001 s");
    expect_error({"network", "run", place("net.nir"), "--seed", "1"}, 2, "nothing in a NIR graph");
    expect_error({"network", "run", file, "--rule", "exact"}, 2, "--rule is for NIR graphs");
    expect_error({"network", "run", place("out.h5")}, 3, "is no NIR graph");
    expect_error({"network", "run", file, "--input", place("noise.h5")}, 2,
                 "the network has no population that takes spikes");
    write("speed.png", std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16));
    expect_error({"network", "run", place("speed.png")}, 3,
                 "speed.png is no network: neither TOML");
    expect_error({"network", "run", write("broken.json", "{\n  \"run\": {},\n}\n")}, 3,
                 "broken.json:3:1: no JSON from here on: unexpected '}'");
    expect_error({"network", "convert", file, "--out", place("netc.xyz")}, 2,
                 "expected NAME.nir for a graph of NIR, or a folder");
    const std::string two = write("two.toml",
                                  "[network]\nduration = 20\n[population.a]\nsize = 2\nneuron = "
                                  "\"lif\"\n[population.b]\nsize = 2\nneuron = \"lif\"\n");
    ASSERT_EQ(run_program({"network", "run", two, "--out", place("two.h5")}).exit_code, 0);
    expect_error({"network", "run", place("net.nir"), "--dt-ms", "0.2", "--input", place("two.h5")},
                 3, "two.h5 has spikes of populations a and b; the graph takes spikes at node");
    expect_error({"network", "convert", write("a.toml", spec), "--out", place("a.nir")}, 2,
                 "NIR has no states before the first step");
}

/// Spikes and traces in a file.
std::vector<std::vector<double>> recorded(const std::string& path) {
    const Hdf5File file = Hdf5File::open(path);
    return {file.read<double>("/spikes/cells/timestamps"),
            file.read<double>("/spikes/cells/node_ids"),
            file.read<double>("/traces/cells/membrane_potential")};
}

TEST_F(NetworkCommand, goes_on_after_a_kill_with_the_same_bits) {
    const std::string file = write("net.toml", spec);
    const auto run = [&](const std::string& name, const std::vector<std::string>& more) {
        std::vector<std::string> all{"network",   "run",       file, "--out",
                                     place(name), "--seconds", "20"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    };
    ASSERT_EQ(run_program(run("whole.h5", {})).exit_code, 0);
    EXPECT_FALSE(std::filesystem::exists(place("whole.checkpoint.h5")));
    for (const int signal : {SIGKILL, SIGTERM, SIGINT}) {
        const std::vector<std::string> every{"--checkpoint-every", "0.03"};
        std::filesystem::remove(place("cut.h5"));
        std::filesystem::remove(place("cut.checkpoint.h5"));
        run_program(run("cut.h5", every), {.signal = signal, .signal_after_ms = 150});
        const auto again = run_program(run("cut.h5", {"--resume", "--threads", "1"}));
        ASSERT_EQ(again.exit_code, 0) << again.err;
        EXPECT_EQ(recorded(place("cut.h5")), recorded(place("whole.h5"))) << signal;
    }
}

TEST_F(NetworkCommand, leaves_a_checkpoint_when_it_is_interrupted) {
    const std::string file = write("net.toml", spec);
    const std::vector<std::string> run{"network", "run", file, "--out", place("s.h5")};
    std::vector<std::string> endless = run;
    endless.insert(endless.end(), {"--seconds", "100000"});
    EXPECT_EQ(run_program(endless, {.signal = SIGINT, .signal_after_ms = 400}).exit_code, 130);
    EXPECT_TRUE(std::filesystem::exists(place("s.checkpoint.h5")));
    EXPECT_FALSE(std::filesystem::exists(place("s.h5")));
    expect_error(endless, 2, "--resume goes on");
    std::vector<std::string> other = run;
    other.insert(other.end(), {"--resume", "--seed", "9"});
    expect_error(other, 2, "seed (4, here 9)");
    std::vector<std::string> shorter = run;
    shorter.insert(shorter.end(), {"--resume", "--seconds", "0.01"});
    expect_error(shorter, 2, "behind the end of the run");
    std::vector<std::string> both = run;
    both.insert(both.end(), {"--resume", "--force"});
    expect_error(both, 2, "give one");
    expect_error({"network", "run", file, "--resume"}, 2, "stand beside --out");
}

TEST_F(NetworkCommand, a_finished_run_goes_on_to_a_longer_one) {
    const std::string file = write("net.toml", spec);
    const auto run = [&](const std::string& name, const std::string& seconds,
                         const std::vector<std::string>& more) {
        std::vector<std::string> all{"network",   "run",       file,   "--out",
                                     place(name), "--seconds", seconds};
        all.insert(all.end(), more.begin(), more.end());
        return run_program(all);
    };
    ASSERT_EQ(run("long.h5", "0.5", {}).exit_code, 0);
    ASSERT_EQ(run("short.h5", "0.2", {"--checkpoint-every", "60"}).exit_code, 0);
    EXPECT_TRUE(std::filesystem::exists(place("short.checkpoint.h5")));
    ASSERT_EQ(run("short.h5", "0.5", {"--resume"}).exit_code, 0);
    EXPECT_EQ(recorded(place("short.h5")), recorded(place("long.h5")));
    EXPECT_FALSE(std::filesystem::exists(place("short.checkpoint.h5")));
}

TEST_F(NetworkCommand, the_example_of_elm_neurons_runs) {
    const auto result =
        run_program({"network", "run", ELM_SOURCE_DIR "/network/examples/elm_neurons.toml",
                     "--seconds", "2", "--json"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const auto json = nlohmann::json::parse(result.out);
    EXPECT_EQ(json["neurons"], 125);
    EXPECT_GT(json["rates_hz"]["pyramidal"], 0.5);
    EXPECT_LT(json["rates_hz"]["pyramidal"], 20);
    EXPECT_EQ(result.err.find("another neuron"), std::string::npos) << result.err;
}

TEST_F(NetworkCommand, warns_once_where_a_fit_becomes_another_neuron) {
    const auto err_of = [&](const std::string& step, const std::vector<std::string>& flags) {
        const std::string cells = "size = 2\nneuron = \"elm\"\nmodel = \"l5pc-elm-20\"\n";
        const std::string file =
            write("elm.toml", "[network]\nduration = 5\ntime_step = " + step +
                                  "\n[population.a]\n" + cells + "[population.b]\n" + cells);
        std::vector<std::string> words{"network", "run", file};
        words.insert(words.end(), flags.begin(), flags.end());
        const auto result = run_program(words);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        EXPECT_NE(result.err.find("no synapses, built in"), std::string::npos) << result.err;
        return result.err;
    };
    const auto count = [](const std::string& text, const std::string& part) {
        int found = 0;
        for (std::size_t at = text.find(part); at != std::string::npos;
             at = text.find(part, at + 1)) {
            ++found;
        }
        return found;
    };
    EXPECT_EQ(count(err_of("1", {}), "another neuron"), 0);
    const std::string grid = err_of("0.1", {});
    EXPECT_EQ(count(grid, "l5pc-elm-20 was fitted to steps of 1 ms, and in steps of 0.1 ms"), 1)
        << grid;
    const std::string events = err_of("1", {"--engine", "event-driven"});
    EXPECT_EQ(count(events, "is another neuron"), 1) << events;
    EXPECT_EQ(count(events, "--precision f32: the event-driven engine runs in f64"), 1) << events;
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
    expect_error({"network", "bench", "cuba", "--device", "gpu"}, 2, "there is no device gpu");
    EXPECT_FALSE(std::filesystem::exists(place("spikes.h5")));
    if (why_no_cuda().empty()) return;
    expect_error({"network", "bench", "cuba", "--device", "cuda"}, 4, why_no_cuda());
}

}  // namespace
}  // namespace elm

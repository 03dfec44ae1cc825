// Results and files of `elmsim simulate`.

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "kernels/io/hdf5_file.h"
#include "neuron/elm/leaky_integrator.h"
#include "tasks/data/spikes/poisson_source.h"
#include "tests/program/run_program.h"
#include "tests/support/sanitizers.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

class Simulate : public testing::Test {
protected:
    /// Runs the leaky integrator on Poisson input and opens what it wrote.
    Hdf5File simulate(const std::string& name, const std::vector<std::string>& more) {
        std::vector<std::string> arguments{"simulate", "--model", "leaky-integrator", "--out",
                                           folder_ / name};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const ProgramResult result = run_program(arguments);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        return Hdf5File::open(folder_ / name);
    }
    static double json_number(const std::string& json, const std::string& key) {
        const std::size_t at = json.find("\"" + key + "\": ");
        EXPECT_NE(at, std::string::npos) << json;
        return std::stod(json.substr(at + key.size() + 4));
    }

    test::TemporaryDirectory folder_;
};

TEST_F(Simulate, writes_the_membrane_potential_of_the_exact_solution) {
    const Hdf5File file = simulate(
        "a.h5", {"--poisson", "12", "--seconds", "5", "--seed", "3", "--precision", "f64"});
    const auto voltage = file.read<double>("/poisson/voltage_mV");
    ASSERT_EQ(voltage.size(), 5000u);
    const SpikeTrain spikes = poisson_input(12, 100, 5000, 1.0, 3).source->next(5000);
    const auto exact = ExactLeakyIntegrator(LeakyIntegrator{}, 1.0).advance(spikes);
    const LeakyIntegrator cell;
    const auto probability = file.read<double>("/poisson/spike_probability");
    for (std::size_t step = 0; step < voltage.size(); ++step) {
        ASSERT_NEAR(voltage[step], exact[step], 1e-4) << step;
        const double logit = cell.spike_logit_per_mV * (exact[step] - cell.threshold);
        ASSERT_NEAR(probability[step], 1 / (1 + std::exp(-logit)), 1e-4) << step;
    }
}

TEST_F(Simulate, keeps_a_window_of_the_whole_run) {
    const std::vector<std::string> input{"--poisson", "12", "--seconds", "6"};
    const auto whole = simulate("a.h5", input).read<double>("/poisson/voltage_mV");
    auto windowed = input;
    windowed.insert(windowed.end(), {"--start-ms", "2100", "--stop-ms", "5000"});
    const auto part = simulate("b.h5", windowed).read<double>("/poisson/voltage_mV");
    ASSERT_EQ(part.size(), 2900u);
    EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + 2100));
}

TEST_F(Simulate, takes_another_time_step_where_the_model_allows_it) {
    const Hdf5File file = simulate("a.h5", {"--poisson", "12", "--seconds", "1", "--dt-ms", "0.1"});
    EXPECT_EQ(file.shape("/poisson/voltage_mV"), (std::vector<std::int64_t>{10000}));
    EXPECT_EQ(file.number_attribute("/", "time_step_ms"), 0.1);
}

TEST_F(Simulate, records_what_is_asked_for_of_every_trial) {
    {
        Hdf5File file = Hdf5File::create(folder_ / "spikes.h5");
        file.set_attribute("/", "duration_ms", 30.0);
        for (const char* const trial : {"/long", "/short"}) {
            file.write<double>(trial + std::string("/times"), {2}, std::vector<double>{1.5, 7},
                               FileType::f64);
            file.write<double>(trial + std::string("/units"), {2}, std::vector<double>{0, 99},
                               FileType::i64);
        }
        file.set_attribute("/short", "duration_ms", 10.0);
        file.close();
    }
    const Hdf5File file =
        simulate("a.h5", {"--input", folder_ / "spikes.h5", "--record", "memory,branches"});
    EXPECT_EQ(file.shape("/long/memory"), (std::vector<std::int64_t>{30, 1}));
    EXPECT_EQ(file.shape("/short/branches"), (std::vector<std::int64_t>{10, 1}));
    EXPECT_FALSE(file.has("/long/voltage_mV"));
    const auto long_trace = file.read<double>("/long/branches");
    EXPECT_EQ(long_trace[0], 0);
    EXPECT_EQ(long_trace[1], 6);
}

TEST_F(Simulate, can_be_repeated_from_its_own_output) {
    const Hdf5File first = simulate("a.h5", {"--poisson", "12", "--seconds", "1", "--seed", "9"});
    const ProgramResult result =
        run_program({"simulate", "--config", folder_ / "a.h5", "--out", folder_ / "b.h5"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(Hdf5File::open(folder_ / "b.h5").read<double>("/poisson/voltage_mV"),
              first.read<double>("/poisson/voltage_mV"));
}

TEST_F(Simulate, gives_the_same_bits_for_any_number_of_threads) {
    const std::vector<std::string> input{"--poisson", "12", "--seconds", "5"};
    auto one_thread = input;
    one_thread.insert(one_thread.end(), {"--threads", "1"});
    EXPECT_EQ(simulate("a.h5", input).read<double>("/poisson/voltage_mV"),
              simulate("b.h5", one_thread).read<double>("/poisson/voltage_mV"));
}

TEST_F(Simulate, needs_memory_that_does_not_depend_on_the_length) {
#if defined(ELM_ADDRESS_SANITIZER)
    GTEST_SKIP() << "the address sanitizer holds freed memory back";
#endif
    std::vector<double> peaks;
    for (const char* const seconds : {"1", "600"}) {
        const ProgramResult result =
            run_program({"simulate", "--model", "leaky-integrator", "--poisson", "10", "--seconds",
                         seconds, "--out", folder_ / (std::string(seconds) + ".h5"), "--json"});
        ASSERT_EQ(result.exit_code, 0) << result.err;
        peaks.push_back(json_number(result.out, "peak_memory_bytes"));
    }
    EXPECT_LT(std::abs(peaks[1] - peaks[0]), 0.05 * peaks[0]) << peaks[0] << " and " << peaks[1];
}

TEST_F(Simulate, tells_the_figures_that_scripts_read) {
    const ProgramResult result =
        run_program({"simulate", "--model", "leaky-integrator", "--poisson=10", "--seconds=1",
                     "--device", "cpu", "--json", "--quiet"});
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(json_number(result.out, "steps"), 1000);
    EXPECT_EQ(json_number(result.out, "samples"), 1);
    EXPECT_GT(json_number(result.out, "neuron_steps_per_second"), 0);
    for (const char* const key :
         {"\"command\": \"simulate\"", "\"version\"", "\"device\": \"cpu\"", "\"threads\"",
          "\"seconds\"", "\"output\": null", "\"real_time_factor\""}) {
        EXPECT_NE(result.out.find(key), std::string::npos) << key << " in " << result.out;
    }
}

TEST_F(Simulate, draws_pictures) {
    if (std::system("command -v gnuplot >/dev/null 2>&1") != 0) GTEST_SKIP() << "no gnuplot";
    for (const char* const name : {"a.png", "a.svg", "a.pdf"}) {
        const ProgramResult result =
            run_program({"simulate", "--model", "leaky-integrator", "--poisson", "10", "--seconds",
                         "0.5", "--plot", folder_ / name});
        EXPECT_EQ(result.exit_code, 0) << result.err;
        EXPECT_GT(std::filesystem::file_size(folder_ / name), 5000u) << name;
    }
    const ProgramResult text = run_program({"simulate", "--model", "leaky-integrator", "--poisson",
                                            "10", "--seconds", "0.5", "--plot", "-"});
    EXPECT_NE(text.out.find("exact solution"), std::string::npos);
}

}  // namespace
}  // namespace elm

// Runs that are repeated from what they wrote: bit for bit, or with a word on what changed.

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "kernels/io/hdf5_file.h"
#include "tests/program/run_program.h"
#include "tests/support/temporary_directory.h"
#include "tests/tasks/neuronio/leaky_neuronio.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

class Rerun : public testing::Test {
protected:
    Rerun() {
        for (const char* const name : {"squid_warm.toml", "sphere10.swc"}) {
            fs::copy_file(fs::path(ELM_CASES_DIR) / name, folder_ / name);
        }
        write_spikes(3);
    }

    void write_spikes(double first_ms) const {
        Hdf5File file = Hdf5File::create(folder_ / "spikes.h5");
        file.set_attribute("/", "duration_ms", 20.0);
        file.write<double>("/times", {2}, std::vector<double>{first_ms, 7}, FileType::f64);
        file.write<double>("/units", {2}, std::vector<double>{0, 99}, FileType::i64);
        file.close();
    }

    /// Replaces text in a file.
    void edit(const std::string& name, const std::string& from, const std::string& to) const {
        std::ifstream file(folder_ / name);
        std::string text{std::istreambuf_iterator<char>(file), {}};
        const std::size_t at = text.find(from);
        ASSERT_NE(at, std::string::npos) << from;
        std::ofstream(folder_ / name) << text.replace(at, from.size(), to);
    }

    void run(std::vector<std::string> arguments) const {
        arguments.insert(arguments.end(), {"--out", folder_ / "a.h5"});
        const ProgramResult result = run_program(arguments);
        ASSERT_EQ(result.exit_code, 0) << result.err;
        EXPECT_EQ(result.err.find("warning"), std::string::npos) << result.err;
    }

    /// Repeats the run and returns its warnings.
    std::string rerun(const std::string& command, const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments{command};
        arguments.insert(arguments.end(), more.begin(), more.end());
        arguments.insert(arguments.end(),
                         {"--config", folder_ / "a.h5", "--out", folder_ / "b.h5", "--force"});
        const ProgramResult result = run_program(arguments);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        const std::size_t at = result.err.find("warning: ");
        if (at == std::string::npos) return "";
        EXPECT_EQ(result.err.find("warning: ", at + 1), std::string::npos) << result.err;
        return result.err.substr(at, result.err.find('\n', at) - at);
    }

    std::vector<double> values(const std::string& file, const std::string& dataset) const {
        return Hdf5File::open(folder_ / file).read<double>(dataset);
    }

    test::TemporaryDirectory folder_;
};

TEST_F(Rerun, a_cell_is_repeated_bit_for_bit) {
    run({"simulate", "--cell", folder_ / "squid_warm.toml", "--clamp", "soma:0.2nA@5+40",
         "--seconds", "0.055"});
    EXPECT_EQ(rerun("simulate"), "");
    EXPECT_EQ(values("a.h5", "/run/voltage:soma"), values("b.h5", "/run/voltage:soma"));
    edit("squid_warm.toml", "# the squid", "# that squid");
    EXPECT_EQ(rerun("simulate"), "") << "a comment is no change";
}

TEST_F(Rerun, another_cell_or_shape_is_told) {
    run({"simulate", "--cell", folder_ / "squid_warm.toml", "--clamp", "soma:0.2nA@5+40",
         "--seconds", "0.055"});
    edit("squid_warm.toml", "squid_Na = 0.12", "squid_Na = 0.01");
    std::string warning = rerun("simulate");
    EXPECT_NE(warning.find("a.h5 was written, so that results may differ: cell (was "),
              std::string::npos)
        << warning;
    EXPECT_EQ(warning.find("shape"), std::string::npos) << warning;
    edit("squid_warm.toml", "squid_Na = 0.01", "squid_Na = 0.12");
    edit("squid_warm.toml", "celsius = 18.5", "celsius = 18.5\nchannel_celsius = 6.3");
    EXPECT_NE(rerun("simulate").find("differ: cell (was "), std::string::npos);
    edit("squid_warm.toml", "\nchannel_celsius = 6.3", "");
    edit("sphere10.swc", " 10 -1", " 11 -1");
    warning = rerun("simulate");
    EXPECT_NE(warning.find("differ: shape (was "), std::string::npos) << warning;
    EXPECT_EQ(warning.find("cell"), std::string::npos) << warning;
}

TEST_F(Rerun, other_spikes_are_told) {
    run({"simulate", "--model", "leaky-integrator", "--input", folder_ / "spikes.h5"});
    EXPECT_EQ(rerun("simulate"), "");
    write_spikes(4);
    EXPECT_NE(rerun("simulate").find("differ: input (was "), std::string::npos);
    fs::remove(folder_ / "a.h5");
    run({"simulate", "--cell", "l5pc", "--input", folder_ / "spikes.h5"});
    EXPECT_EQ(rerun("simulate"), "");
    write_spikes(5);
    EXPECT_NE(rerun("simulate").find("differ: input (was "), std::string::npos);
}

TEST_F(Rerun, another_model_under_the_same_name_is_told) {
    const std::string data = test::LeakyNeuronIo{.n_steps = 1500}.write(folder_ / "data.h5");
    const auto fit = [&](const char* seed) {
        const ProgramResult result =
            run_program({"fit", "--data", data, "--model", "elm", "--memory", "2", "--budget", "2u",
                         "--seed", seed, "--out", folder_ / "fit.h5", "--force"});
        ASSERT_EQ(result.exit_code, 0) << result.err;
    };
    fit("1");
    run({"simulate", "--model", folder_ / "fit.h5", "--poisson", "5", "--seconds", "0.1"});
    EXPECT_EQ(rerun("simulate"), "");
    fit("2");
    EXPECT_NE(rerun("simulate").find("differ: model (was "), std::string::npos);
}

TEST_F(Rerun, generated_data_of_another_cell_are_told) {
    run({"generate", "neuronio", "--simulations", "1", "--seconds", "0.01", "--cell", "l5pc",
         "--morphology", (fs::path(ELM_CASES_DIR) / "swc_pyramid.swc").string()});
    EXPECT_EQ(rerun("generate", {"neuronio"}), "");
    EXPECT_EQ(values("a.h5", "/sim_00000/soma_voltage_mV"),
              values("b.h5", "/sim_00000/soma_voltage_mV"));
    fs::copy_file(fs::path(ELM_CASES_DIR) / "swc_pyramid.swc", folder_ / "pyramid.swc");
    edit("pyramid.swc", "9.000 -1", "9.500 -1");
    EXPECT_NE(rerun("generate", {"neuronio", "--morphology", folder_ / "pyramid.swc"})
                  .find("differ: shape (was "),
              std::string::npos);
}

TEST_F(Rerun, a_fit_to_other_data_is_told) {
    const std::string data = test::LeakyNeuronIo{.n_steps = 1500}.write(folder_ / "data.h5");
    const ProgramResult first = run_program({"fit", "--data", data, "--model", "elm", "--memory",
                                             "2", "--budget", "2u", "--out", folder_ / "fit.h5"});
    ASSERT_EQ(first.exit_code, 0) << first.err;
    fs::copy_file(folder_ / "fit.checkpoint.h5", folder_ / "a.h5");
    EXPECT_EQ(rerun("fit"), "");
    const test::LeakyNeuronIo other{.n_simulations = 5, .n_steps = 1500};
    fs::remove(data);
    other.write(folder_ / "data.h5");
    EXPECT_NE(rerun("fit").find("simulations (was 5, is 4)"), std::string::npos);
}

}  // namespace
}  // namespace elm

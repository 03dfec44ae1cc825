// Files that are missing, damaged or wrong, and outputs that cannot be written.

#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include <gtest/gtest.h>

#include "kernels/io/hdf5_file.h"
#include "neuron/elm/elm_builtin.h"
#include "neuron/elm/elm_model_file.h"
#include "tests/program/run_program.h"
#include "tests/support/saved_elm.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
protected:
    void expect_model_error(const std::string& path, const std::string& part) {
        expect_error({"simulate", "--model", path, "--poisson", "5", "--seconds", "0.1"}, 3, part);
        expect_error({"inspect", path}, 3, part);
    }
    void expect_input_error(const std::string& path, const std::string& part) {
        expect_error({"simulate", "--model", "leaky-integrator", "--input", path}, 3, part);
    }
    std::string model() {
        const std::string path = folder_ / "model.h5";
        test::save_elm(find_builtin("leaky-integrator")->make(1.0), path);
        return path;
    }
    std::string spikes(const std::vector<double>& times, const std::vector<std::int32_t>& units) {
        const std::string path = folder_ / "spikes.h5";
        Hdf5File file = Hdf5File::create(path);
        file.write<double>("/times", {std::ssize(times)}, times, FileType::f64);
        file.write<std::int32_t>("/units", {std::ssize(units)}, units, FileType::i32);
        file.close();
        return path;
    }
    /// NeuronIO ground truth of 100 channels; `change` may break it.
    std::string ground_truth(std::int64_t n_voltage = 800, std::int32_t last_unit = 99) {
        const std::string path = folder_ / "truth.h5";
        Hdf5File file = Hdf5File::create(path);
        file.set_attribute("/", "num_segments", std::int64_t{50});
        file.set_attribute("/", "sim_duration_ms", std::int64_t{800});
        const std::string group = "/sim_00000/";
        file.write<double>(group + "input_time_ms", {2}, std::vector<double>{5, 600},
                           FileType::i32);
        file.write<std::int32_t>(group + "input_synapse", {2},
                                 std::vector<std::int32_t>{3, last_unit}, FileType::i32);
        file.write<double>(group + "output_spike_time_ms", {1}, std::vector<double>{700},
                           FileType::f32);
        std::vector<double> voltage;
        for (std::int64_t k = 0; k < n_voltage; ++k) {
            voltage.push_back(-70 + static_cast<double>(k % 7));
        }
        file.write<double>(group + "soma_voltage_mV", {n_voltage}, voltage, FileType::f32);
        file.close();
        return path;
    }
    std::size_t n_files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator{}));
    }

    test::TemporaryDirectory folder_;
};

TEST_F(Files, models_that_cannot_be_read_are_refused) {
    expect_model_error(folder_ / "none.h5", "there is no such file");
    std::ofstream(folder_ / "text.h5") << "hello";
    expect_model_error(folder_ / "text.h5", "not an HDF5 file");
    const std::string truncated = model();
    fs::resize_file(truncated, fs::file_size(truncated) / 2);
    expect_model_error(truncated, "truncated");
}

TEST_F(Files, models_of_another_version_or_shape_are_refused) {
    const std::string path = folder_ / "m.h5";
    {
        Hdf5File file = Hdf5File::create(path);
        file.set_attribute("/", "format", std::string("elm-model"));
        file.set_attribute("/", "format_version", std::int64_t{2});
        file.close();
    }
    expect_model_error(path, "format_version is 2, this program reads 1");
    {
        const ElmModel wrong = find_builtin("leaky-integrator")->make(1.0);
        Hdf5File file = Hdf5File::create(path);
        for (const auto& [name, value] : to_values(wrong.options)) {
            file.set_attribute("/", name, value);
        }
        for (const NamedArray& array : wrong.parameters) {
            const bool broken = array.name == "w_y.bias";
            file.write<double>("/" + array.name,
                               broken ? std::vector<std::int64_t>{3} : array.shape,
                               broken ? std::vector<double>{1, 2, 3} : array.values, FileType::f64);
        }
        file.close();
    }
    expect_model_error(path, "w_y.bias has shape (3), expected (2)");
}

TEST_F(Files, what_is_no_plain_file_is_refused) {
    const std::string pipe = folder_ / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    expect_input_error(pipe, "--input: " + pipe + " is a pipe");
    expect_error({"inspect", pipe}, 3, "is a pipe");
    fs::remove(pipe);
    const std::string trained = model();
    expect_error(
        {"inspect", folder_.path()}, 3,
        "is a folder, and a file is expected. It holds " + fs::path(trained).filename().string());
}

TEST_F(Files, a_configuration_of_another_form_is_refused) {
    const std::string shape = folder_ / "cell.swc";
    std::ofstream(shape) << "1 1 0 0 0 5 -1\n";
    expect_error({"simulate", "--config", shape}, 2,
                 "--config: " + shape + " is no configuration: expected TOML");
}

TEST_F(Files, the_metrics_of_a_fit_are_known) {
    const std::string path = folder_ / "fit.metrics.jsonl";
    std::ofstream(path) << R"({"step":0,"split":"validation","loss":0.5,"auc":null})" << '\n'
                        << R"({"step":3,"split":"train","loss":0.25})" << '\n';
    const ProgramResult result = run_program({"inspect", path});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    for (const char* part : {": metrics of a fit", "2", "step 0, loss 0.5, auc null",
                             "last of train       step 3, loss 0.25"}) {
        EXPECT_NE(result.out.find(part), std::string::npos) << result.out;
    }
    std::ofstream(path, std::ios::app) << "{\"step\":";  // cut
    expect_error({"inspect", path}, 3, path + ":3: expected an object with step and split");
}

TEST_F(Files, spikes_that_break_a_rule_are_refused) {
    expect_input_error(folder_ / "none.h5", "there is no such file");
    expect_input_error(spikes({1, 2}, {0, 100}), "/units[1] is 100, expected 0 to 99");
    expect_input_error(spikes({1, std::numeric_limits<double>::quiet_NaN(), 3}, {0, 1, 2}),
                       "/times[1] is nan");
    expect_input_error(spikes({-1, 1}, {0, 1}), "/times[0] is -1 ms");
    expect_input_error(spikes({}, {}), "has no length");
    expect_input_error(spikes({1, 2}, {0}), "has shape (1), expected (2)");
    expect_input_error(model(), "holds no spikes");
    expect_input_error(folder_.path(), "is a folder");
    const std::string truncated =
        spikes(std::vector<double>(2000, 1.0), std::vector<std::int32_t>(2000, 1));
    fs::resize_file(truncated, fs::file_size(truncated) / 2);
    expect_input_error(truncated, "truncated");
}

TEST_F(Files, ground_truth_that_breaks_a_rule_is_refused) {
    const auto evaluate = [&](const std::string& data) {
        return std::vector<std::string>{"evaluate", "--model", "leaky-integrator", "--data", data};
    };
    EXPECT_EQ(run_program(evaluate(ground_truth())).exit_code, 0);
    expect_error(evaluate(ground_truth(799)), 3, "has shape (799), expected (800)");
    expect_error(evaluate(ground_truth(800, 100)), 3, "input_synapse[1] is 100");
    expect_error(evaluate(spikes({1}, {0})), 3, "is not NeuronIO ground truth");
    fs::create_directory(folder_.path() / "empty");
    expect_error(evaluate(folder_ / "empty"), 3, "no .h5 file");
}

TEST_F(Files, a_model_of_other_inputs_than_the_data_is_refused) {
    Hdf5File file = Hdf5File::create(folder_ / "other.h5");
    file.set_attribute("/", "num_segments", std::int64_t{3});
    file.set_attribute("/", "sim_duration_ms", std::int64_t{10});
    file.write<double>("/sim_00000/input_time_ms", {1}, std::vector<double>{1}, FileType::i32);
    file.write<double>("/sim_00000/input_synapse", {1}, std::vector<double>{1}, FileType::i32);
    file.close();
    expect_input_error(folder_ / "other.h5",
                       "6 input channels (2 x num_segments), the model takes "
                       "100");
}

std::vector<std::string> run_to(const std::string& out, const std::string& seconds) {
    return {"simulate", "--model", "leaky-integrator", "--poisson", "10", "--seconds", seconds,
            "--out",    out};
}

TEST_F(Files, an_existing_output_is_kept_without_force) {
    const std::string out = folder_ / "out.h5";
    std::ofstream(out) << "precious";
    expect_error(run_to(out, "0.1"), 2, "--force");
    std::string text;
    std::ifstream(out) >> text;
    EXPECT_EQ(text, "precious");
    auto forced = run_to(out, "0.1");
    forced.push_back("--force");
    EXPECT_EQ(run_program(forced).exit_code, 0);
    EXPECT_TRUE(Hdf5File::is_hdf5(out));
    EXPECT_EQ(n_files(), 1u);
}

TEST_F(Files, outputs_that_cannot_be_written_are_reported) {
    expect_error(run_to(folder_ / "no/folder/out.h5", "0.1"), 7, "there is no folder");
    expect_error(run_to("/proc/out.h5", "0.1"), 7, "cannot be written");
    expect_error(run_to(folder_.path(), "0.1"), 2, "is a folder");
}

TEST_F(Files, a_full_disk_leaves_nothing_under_the_final_name) {
    // After a failed write HDF5
    // keeps some memory of its own, which the leak checker would report.
    for (const long limit : {8000L, 20000L, 200000L}) {
        const ProgramResult result =
            run_program(run_to(folder_ / "out.h5", "100"),
                        {.file_size_limit = limit, .environment = {"ASAN_OPTIONS=detect_leaks=0"}});
        EXPECT_EQ(result.exit_code, 7) << limit << ": " << result.err;
        EXPECT_NE(result.error().find("(File too large). Is the disk full?"), std::string::npos)
            << result.err;
        EXPECT_EQ(n_files(), 0u) << limit;
    }
}

TEST_F(Files, a_full_stdout_is_reported) {
    const ProgramResult result = run_program({"list", "models"}, {.close_stdout = true});
    EXPECT_EQ(result.exit_code, 7) << result.err;
}

TEST_F(Files, an_interrupt_leaves_nothing_behind) {
    for (const int signal : {SIGINT, SIGTERM}) {
        const ProgramResult result = run_program(run_to(folder_ / "out.h5", "1000000"),
                                                 {.signal = signal, .signal_after_ms = 500});
        EXPECT_EQ(result.exit_code, 128 + signal) << result.err;
        EXPECT_EQ(n_files(), 0u);
    }
}

TEST_F(Files, without_gnuplot_the_data_are_written_all_the_same) {
    auto arguments = run_to(folder_ / "out.h5", "0.1");
    arguments.insert(arguments.end(), {"--plot", folder_ / "out.png"});
    const ProgramResult result = run_program(arguments, {.environment = {"PATH=/nowhere"}});
    EXPECT_EQ(result.exit_code, 4) << result.err;
    EXPECT_NE(result.error().find("gnuplot is not installed"), std::string::npos) << result.err;
    EXPECT_TRUE(Hdf5File::is_hdf5(folder_ / "out.h5"));
    EXPECT_EQ(n_files(), 1u);
}

}  // namespace
}  // namespace elm

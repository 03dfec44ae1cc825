// `elmsim fit`: what it leaves, how it goes on, and what it refuses.

#include <signal.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "kernels/io/hdf5_file.h"
#include "neuron/elm/elm_model_file.h"
#include "tests/program/run_program.h"
#include "tests/support/devices.h"
#include "tests/support/temporary_directory.h"
#include "tests/tasks/neuronio/leaky_neuronio.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

/// Settings of a small and quick fit that a test may change.
struct Basics {
    std::string memory = "4", threads = "1", data = {};
};

class FitCommand : public testing::Test {
protected:
    std::vector<std::string> fit(const std::string& name, const std::vector<std::string>& more = {},
                                 const Basics& basics = {}) const {
        std::vector<std::string> arguments{"fit",
                                           "--data",
                                           basics.data.empty() ? data_ : basics.data,
                                           "--memory",
                                           basics.memory,
                                           "--out",
                                           folder_ / name,
                                           "--threads",
                                           basics.threads,
                                           "--set",
                                           "training.window_steps=100",
                                           "--set",
                                           "training.first_step=200"};
        const bool has_budget = std::find(more.begin(), more.end(), "--budget") != more.end();
        if (!has_budget) arguments.insert(arguments.end(), {"--budget", "60u"});
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }
    /// Every number of two models, bit for bit.
    static void expect_equal_models(const std::string& a, const std::string& b) {
        const ElmModel left = load_elm_model(a), right = load_elm_model(b);
        ASSERT_EQ(left.parameters.size(), right.parameters.size());
        for (std::size_t k = 0; k < left.parameters.size(); ++k) {
            EXPECT_EQ(left.parameters[k].values, right.parameters[k].values)
                << left.parameters[k].name;
        }
    }
    test::TemporaryDirectory folder_;
    const std::string data_ = test::LeakyNeuronIo{}.write(folder_ / "data.h5");
};

// From log odds of 0 a neuron of one memory unit did not learn in 40,000 updates that spikes are
// rare.
TEST_F(FitCommand, the_readout_begins_at_the_rate_of_the_data) {
    const ProgramResult result = run_program(fit("rate.h5", {"--budget", "1u"}));
    ASSERT_EQ(result.exit_code, 0) << result.error();
    const Hdf5File data = Hdf5File::open(data_);
    double spikes = 0, steps = 0;
    const auto groups = data.links("/");
    const auto train = static_cast<std::size_t>(std::count_if(
        groups.begin(), groups.end(), [](const auto& name) { return name.starts_with("sim_"); }));
    // The last quarter is held out.
    for (std::size_t k = 0; k < train - train / 4; ++k) {
        spikes +=
            static_cast<double>(data.read<double>(groups[k] + "/output_spike_time_ms").size());
        steps += data.number_attribute("/", "sim_duration_ms");
    }
    const double probability = spikes / steps;
    // One update moves it by the learning rate, 1e-3, at most.
    EXPECT_NEAR(load_elm_model(folder_ / "rate.h5").at("w_y.bias").values[0],
                std::log(probability / (1 - probability)), 2e-3);
}

TEST_F(FitCommand, leaves_model_checkpoint_metrics_and_pictures) {
    const ProgramResult result =
        run_program(fit("a.h5", {"--json", "--plot", folder_ / "p.png", "--safetensors"}));
    ASSERT_EQ(result.exit_code, 0) << result.err;
    for (const char* const key :
         {"\"updates\": 60", "\"best\": {", "\"auc\": ", "\"checkpoint\": "}) {
        EXPECT_NE(result.out.find(key), std::string::npos) << key << "\n" << result.out;
    }
    for (const char* const name :
         {"a.h5", "a.checkpoint.h5", "a.metrics.jsonl", "a.png", "a.safetensors", "p.png"}) {
        EXPECT_TRUE(fs::exists(folder_ / name)) << name;
    }
    const std::string lines = contents(folder_ / "a.metrics.jsonl");
    EXPECT_NE(lines.find("\"split\":\"train\""), std::string::npos) << lines;
    EXPECT_NE(lines.find("\"split\":\"validation\""), std::string::npos) << lines;
    EXPECT_EQ(load_elm_model(folder_ / "a.h5").options.n_memory, 4);
    const ProgramResult run = run_program({"simulate", "--model", folder_ / "a.h5", "--poisson",
                                           "30", "--seconds", "0.2", "--out", folder_ / "r.h5"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    const ProgramResult scores =
        run_program({"evaluate", "--model", folder_ / "a.h5", "--data", data_});
    EXPECT_EQ(scores.exit_code, 0) << scores.err;
}

TEST_F(FitCommand, goes_on_after_a_kill_with_the_same_bits) {
    const std::vector<std::string> long_fit{"--budget", "20000u", "--validate-every", "4000"};
    ASSERT_EQ(run_program(fit("whole.h5", long_fit)).exit_code, 0);
    for (const int signal : {SIGKILL, SIGTERM, SIGINT}) {
        const std::string name = "cut" + std::to_string(signal) + ".h5";
        const ProgramResult cut =
            run_program(fit(name, long_fit), {.signal = signal, .signal_after_ms = 300});
        EXPECT_EQ(cut.exit_code, 128 + signal) << cut.err;
        auto again = long_fit;
        again.push_back("--resume");
        const ProgramResult resumed = run_program(fit(name, again));
        ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
        expect_equal_models(folder_ / "whole.h5", folder_ / name);
        EXPECT_EQ(
            metrics_without_time(folder_ / "whole.metrics.jsonl"),
            metrics_without_time(folder_ / ("cut" + std::to_string(signal) + ".metrics.jsonl")));
    }
}

TEST_F(FitCommand, has_the_same_bits_for_any_number_of_threads) {
    ASSERT_EQ(run_program(fit("one.h5")).exit_code, 0);
    ASSERT_EQ(run_program(fit("two.h5", {}, {.threads = "2"})).exit_code, 0);
    expect_equal_models(folder_ / "one.h5", folder_ / "two.h5");
}

TEST_F(FitCommand, a_sweep_has_a_fit_for_each_size) {
    const ProgramResult result = run_program(fit("sweep.h5", {}, {.memory = "1,3"}));
    ASSERT_EQ(result.exit_code, 0) << result.err;
    for (const char* const name :
         {"sweep_elm-1.h5", "sweep_elm-3.h5", "sweep.png", "sweep.sweep.png"}) {
        EXPECT_TRUE(fs::exists(folder_ / name)) << name;
    }
    // One of several is what it is alone.
    ASSERT_EQ(run_program(fit("alone.h5", {}, {.memory = "3"})).exit_code, 0);
    expect_equal_models(folder_ / "alone.h5", folder_ / "sweep_elm-3.h5");
}

TEST_F(FitCommand, fits_that_share_vectors_end_at_different_updates) {
    const ProgramResult result =
        run_program(fit("f.h5", {"--budget", "2e8f", "--json"}, {.memory = "1,2,3,4"}));
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_TRUE(fs::exists(folder_ / "f_elm-4.h5"));
}

TEST_F(FitCommand, fits_that_share_vectors_go_on_with_the_same_bits) {
    const std::vector<std::string> more{"--seeds", "2", "--budget", "8000u"};
    ASSERT_EQ(run_program(fit("whole.h5", more, {.memory = "1,3"})).exit_code, 0);
    const ProgramResult cut = run_program(fit("cut.h5", more, {.memory = "1,3", .threads = "2"}),
                                          {.signal = SIGTERM, .signal_after_ms = 300});
    EXPECT_EQ(cut.exit_code, 143) << cut.err;
    // As if the kill had come between the checkpoints of two of them.
    fs::remove(folder_ / "cut_elm-3-seed1.checkpoint.h5");
    auto again = more;
    again.push_back("--resume");
    const ProgramResult resumed = run_program(fit("cut.h5", again, {.memory = "1,3"}));
    ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
    for (const char* const name :
         {"_elm-1-seed0.h5", "_elm-1-seed1.h5", "_elm-3-seed0.h5", "_elm-3-seed1.h5"}) {
        expect_equal_models((folder_ / "whole").string() + name, (folder_ / "cut").string() + name);
    }
}

TEST_F(FitCommand, begins_with_the_parameters_of_a_model) {
    ASSERT_EQ(run_program(fit("a.h5")).exit_code, 0);
    const ProgramResult more =
        run_program(fit("b.h5", {"--init-from", folder_ / "a.h5", "--budget", "1u", "--set",
                                 "training.learning_rate=0"}));
    ASSERT_EQ(more.exit_code, 0) << more.err;
    expect_equal_models(folder_ / "a.h5", folder_ / "b.h5");
    // Its wiring is that of the model: a fit goes on with the same beginning, or not at all.
    const std::vector<std::string> again{"--budget", "1u", "--set", "training.learning_rate=0",
                                         "--resume"};
    expect_error(fit("b.h5", again), 2, "data.init_from was");
    auto same = again;
    same.insert(same.end(), {"--init-from", folder_ / "a.h5"});
    const ProgramResult on = run_program(fit("b.h5", same));
    EXPECT_EQ(on.exit_code, 0) << on.err;
}

TEST_F(FitCommand, two_processes_learn_what_one_learns) {
    const std::string launcher = ELM_LAUNCHER;
    if (launcher.empty()) GTEST_SKIP() << "this build has no MPI";
    const std::vector<std::string> more{"--precision", "f64", "--budget", "20u"};
    ASSERT_EQ(run_program(fit("one.h5", more)).exit_code, 0);
    const std::string log = folder_ / "log";
    ASSERT_EQ(launch(launcher, fit("two.h5", more), log), 0) << contents(log);
    const ElmModel one = load_elm_model(folder_ / "one.h5"),
                   two = load_elm_model(folder_ / "two.h5");
    for (std::size_t k = 0; k < one.parameters.size(); ++k) {
        const auto& left = one.parameters[k].values;
        const auto& right = two.parameters[k].values;
        ASSERT_EQ(left.size(), right.size());
        for (std::size_t i = 0; i < left.size(); ++i) {
            // Sums in another order; Adam divides by gradients as small as their rounding.
            ASSERT_NEAR(left[i], right[i], 1e-7) << one.parameters[k].name << " " << i;
        }
    }
}

TEST_F(FitCommand, trains_in_each_precision_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    std::vector<std::string> models;
    for (const std::string precision : {"f32", "tf32", "bf16"}) {
        const ProgramResult result =
            run_program(fit(precision + ".h5", {"--device", "cuda", "--precision", precision,
                                                "--budget", "4u", "--json"}));
        ASSERT_EQ(result.exit_code, 0) << result.err;
        models.push_back(folder_ / (precision + ".h5"));
    }
    // Each has products of its own.
    for (std::size_t k = 0; k < models.size(); ++k) {
        const ElmModel left = load_elm_model(models[k]);
        const ElmModel right = load_elm_model(models[(k + 1) % models.size()]);
        ASSERT_EQ(left.parameters.size(), right.parameters.size());
        bool differ = false;
        for (std::size_t p = 0; p < left.parameters.size(); ++p) {
            for (const double value : left.parameters[p].values) {
                ASSERT_TRUE(std::isfinite(value)) << models[k] << " " << left.parameters[p].name;
            }
            differ = differ || left.parameters[p].values != right.parameters[p].values;
        }
        EXPECT_TRUE(differ) << models[k];
    }
}

TEST_F(FitCommand, refuses_what_tensor_cores_do_not_take_on_cuda) {
    expect_error(fit("a.h5", {"--precision", "tf32"}), 4, "--precision tf32 is not available");
    ELM_SKIP_WITHOUT_CUDA();
    const auto on_cuda = [&](const std::string& precision, std::vector<std::string> more,
                             const Basics& basics = {}) {
        more.insert(more.end(), {"--device", "cuda", "--precision", precision});
        return fit("a.h5", more, basics);
    };
    expect_error(on_cuda("tf32", {}, {.memory = "113"}), 2, "tf32 is made for one hidden layer");
    expect_error(on_cuda("bf16", {}, {.memory = "161"}), 2, "bf16 is made for one hidden layer");
    EXPECT_FALSE(fs::exists(folder_ / "a.h5"));
    for (const std::string precision : {"tf32", "bf16"}) {
        std::vector<std::string> arguments = on_cuda(precision, {"--model", "lstm"});
        const auto memory = std::find(arguments.begin(), arguments.end(), "--memory");
        arguments.erase(memory, memory + 2);
        expect_error(arguments, 4, "the model lstm: this model has no arithmetic of " + precision);
    }
}

TEST_F(FitCommand, takes_models_as_words_and_between_commas) {
    for (const std::vector<std::string>& models :
         {std::vector<std::string>{"elm", "lstm"}, {"elm,lstm"}}) {
        std::vector<std::string> more{"--force", "--budget", "3u", "--model"};
        more.insert(more.end(), models.begin(), models.end());
        const ProgramResult result = run_program(fit("m.h5", more));
        ASSERT_EQ(result.exit_code, 0) << result.err;
        EXPECT_TRUE(fs::exists(folder_ / "m_elm-4.h5"));
        EXPECT_TRUE(fs::exists(folder_ / "m_lstm.h5"));
        fs::remove(folder_ / "m_elm-4.h5");
        fs::remove(folder_ / "m_lstm.h5");
    }
}

TEST_F(FitCommand, what_it_cannot_write_is_refused_before_the_work) {
    std::ofstream(folder_ / "s.safetensors") << "mine";
    const ProgramResult result = run_program(fit("s.h5", {"--safetensors"}));
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_NE(result.error().find("s.safetensors exists"), std::string::npos) << result.err;
    EXPECT_FALSE(fs::exists(folder_ / "s.h5"));
    const std::string before = contents(data_);
    expect_error({"fit", "--data", data_, "--out", data_, "--force"}, 2, "is what --data reads");
    EXPECT_EQ(contents(data_), before);
}

TEST_F(FitCommand, the_time_step_of_a_model_is_that_of_its_data) {
    expect_error(fit("d.h5", {"--set", "elm.delta_t=0.5"}), 2, "its data comes in steps of 1 ms");
}

TEST_F(FitCommand, refuses_options_that_contradict_each_other) {
    expect_error(fit("a.h5", {"--budget", "10x"}), 2, "--budget 10x");
    expect_error(fit("a.h5", {"--train", "0:4", "--validate", "3:6"}), 2, "simulation 3");
    expect_error(fit("a.h5", {"--preset", "neuronoi"}), 2, "neuronio");
    expect_error(fit("a.h5", {"--resume", "--force"}), 2, "--resume");
    expect_error(fit("a.h5", {"--set", "training.bacth=3"}), 2, "batch");
    expect_error(fit("a.h5", {"--set", "elm.lambda=3"}), 2, "lambda_value");
    expect_error(fit("a.h5", {"--model", "ell"}), 2, "Did you mean elm?");
    expect_error(fit("a.txt"), 2, ".h5");
    expect_error(fit("a.h5", {}, {.memory = "4,zero"}), 2, "'zero'");
    EXPECT_FALSE(fs::exists(folder_ / "a.h5"));
    ASSERT_EQ(run_program(fit("a.h5")).exit_code, 0);
    expect_error(fit("a.h5"), 2, "--force");
    expect_error(fit("b.h5", {"--init-from", folder_ / "a.h5"}, {.memory = "5"}), 2,
                 "4 memory units");
}

TEST_F(FitCommand, refuses_data_that_cannot_be_learnt_from) {
    expect_error(fit("a.h5", {"--set", "training.window_steps=800"}), 3, "800");
    expect_error(fit("a.h5", {"--train", "0:90"}), 3, "90");
    const std::string other =
        test::LeakyNeuronIo{.n_segments = 7, .n_steps = 800}.write(folder_ / "other.h5");
    const ProgramResult mixed = run_program(fit("a.h5", {"--data", other}));
    EXPECT_EQ(mixed.exit_code, 3) << mixed.err;
    EXPECT_NE(mixed.err.find("other.h5"), std::string::npos) << mixed.err;  // a list, by lines
    const std::string one = test::LeakyNeuronIo{.n_simulations = 1}.write(folder_ / "one.h5");
    expect_error(fit("a.h5", {}, {.data = one}), 3, "at least one each");
    const std::string none = test::LeakyNeuronIo{.n_simulations = 0}.write(folder_ / "none.h5");
    expect_error(fit("a.h5", {}, {.data = none}), 3, "none.h5");
}

TEST_F(FitCommand, resuming_another_fit_lists_all_differences) {
    ASSERT_EQ(run_program(fit("a.h5")).exit_code, 0);
    const ProgramResult result = run_program(
        fit("a.h5", {"--resume", "--set", "training.batch=4", "elm.mlp_activation=silu"},
            {.memory = "7"}));
    EXPECT_EQ(result.exit_code, 2) << result.err;
    for (const char* const part : {"elm.num_memory was 4, is 7", "training.batch was 8, is 4",
                                   "elm.mlp_activation was relu, is silu"}) {
        EXPECT_NE(result.error().find(part), std::string::npos) << part << "\n" << result.err;
    }
}

TEST_F(FitCommand, a_diverging_fit_keeps_its_checkpoint) {
    const ProgramResult result = run_program(fit(
        "a.h5", {"--set", "training.learning_rate=1e30", "--set", "training.schedule=constant"}));
    EXPECT_EQ(result.exit_code, 5) << result.err;
    EXPECT_NE(result.error().find("gradient of"), std::string::npos) << result.err;
    EXPECT_FALSE(fs::exists(folder_ / "a.h5"));  // none was validated but the untrained one
    EXPECT_TRUE(fs::exists(folder_ / "a.checkpoint.h5"));
}

TEST_F(FitCommand, a_full_disk_leaves_the_last_checkpoint) {
    ASSERT_EQ(run_program(fit("a.h5")).exit_code, 0);
    const std::string before = contents(folder_ / "a.checkpoint.h5");
    const ProgramResult result = run_program(fit("a.h5", {"--force"}), {.file_size_limit = 2000});
    EXPECT_EQ(result.exit_code, 7) << result.err;
    EXPECT_EQ(contents(folder_ / "a.checkpoint.h5"), before);
}

}  // namespace
}  // namespace elm

// Sequence models as a user meets them: simulate, evaluate, inspect, list.

#include <filesystem>

#include <gtest/gtest.h>

#include "baselines/model_file.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/option_set.h"
#include "tasks/data/spikes/poisson_source.h"
#include "tests/program/run_program.h"
#include "tests/support/compare.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

class SequenceModels : public testing::Test {
protected:
    /// A small model of 6 channels with drawn parameters, in a file.
    std::string model(const ModelSpec& spec) {
        Stream stream{Device{}};
        FittedModel made = make_model(spec);
        allocate(stream, made, DType::f32, {5});
        const std::string path = folder_ / (spec.model + ".h5");
        save_model(made, path, true);
        return path;
    }
    std::string lstm(std::int64_t n_output = 2, double time_step_ms = 1) {
        return model({.model = "lstm",
                      .options = {{"units", std::int64_t{4}}},
                      .shape = {6, n_output},
                      .time_step_ms = time_step_ms});
    }
    /// NeuronIO ground truth of 6 channels and 1200 ms.
    std::string ground_truth() {
        const std::string path = folder_ / "truth.h5";
        Hdf5File file = Hdf5File::create(path);
        file.set_attribute("/", "num_segments", std::int64_t{3});
        file.set_attribute("/", "sim_duration_ms", std::int64_t{1200});
        std::vector<double> times, voltage;
        std::vector<std::int32_t> units;
        for (std::int32_t k = 0; k < 400; ++k) {
            times.push_back(3 * k);
            units.push_back(k % 6);
        }
        for (int k = 0; k < 1200; ++k) voltage.push_back(-70 + static_cast<double>(k % 7));
        const std::string group = "/sim_00000/";
        file.write<double>(group + "input_time_ms", {400}, times, FileType::i32);
        file.write<std::int32_t>(group + "input_synapse", {400}, units, FileType::i32);
        file.write<double>(group + "output_spike_time_ms", {2}, std::vector<double>{700, 900},
                           FileType::f32);
        file.write<double>(group + "soma_voltage_mV", {1200}, voltage, FileType::f32);
        file.close();
        return path;
    }
    static std::vector<std::string> simulate(const std::string& name,
                                             const std::vector<std::string>& more) {
        std::vector<std::string> arguments{"simulate",  "--model", name,     "--poisson", "20",
                                           "--seconds", "3",       "--seed", "4"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }

    test::TemporaryDirectory folder_;
};

TEST_F(SequenceModels, simulate_writes_what_the_model_says) {
    for (const char* name : {"lstm", "tcn", "lif", "alif"}) {
        const std::string path = model({.model = name, .shape = {6, 3}});
        const std::string out = folder_ / (std::string(name) + "_out.h5");
        const ProgramResult result =
            run_program(simulate(path, {"--out", out, "--precision", "f64"}));
        ASSERT_EQ(result.exit_code, 0) << result.err;
        const Hdf5File file = Hdf5File::open(out);
        ASSERT_EQ(file.shape("/poisson/output"), (std::vector<std::int64_t>{3000, 3}));
        Stream stream{Device{}};
        Context context{stream};
        const SpikeTrain spikes = poisson_input(20, 6, 3000, 1.0, 4).source->next(3000);
        const FittedModel fitted = load_model(stream, path, DType::f64);
        // The program ran it in pieces of time.
        EXPECT_CLOSE(file.read<double>("/poisson/output"),
                     test::values_of(fitted.model->forward(context, {.spikes = &spikes}).value),
                     {.terms = 3000});
    }
}

TEST_F(SequenceModels, a_recording_repeats_itself_from_its_own_configuration) {
    const std::string path = lstm(), out = folder_ / "a.h5", again = folder_ / "b.h5";
    ASSERT_EQ(run_program(simulate(path, {"--out", out})).exit_code, 0);
    const ProgramResult result = run_program({"simulate", "--config", out, "--out", again});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(Hdf5File::open(out).read<double>("/poisson/voltage_mV"),
              Hdf5File::open(again).read<double>("/poisson/voltage_mV"));
}

TEST_F(SequenceModels, evaluate_scores_them_beside_others) {
    const std::string path = lstm(), data = ground_truth();
    const std::string other = model({.model = "tcn", .shape = {6, 2}});
    const ProgramResult result =
        run_program({"evaluate", "--model", path, "--model", other, "--data", data, "--protocol",
                     "published", "--protocol", "continuous", "--json"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    for (const char* part : {"\"parameters\": 202", "lstm.h5", "tcn.h5", "\"auc\": ",
                             "\"voltage_explained_variance_percent\": ", "\"bins\": 700"}) {
        EXPECT_NE(result.out.find(part), std::string::npos) << part << "\n" << result.out;
    }
}

TEST_F(SequenceModels, inspect_says_what_they_are) {
    const ProgramResult result = run_program({"inspect", lstm()});
    EXPECT_EQ(result.exit_code, 0);
    for (const char* part : {"sequence model", "lstm", "parameters    202", "units         4"}) {
        EXPECT_NE(result.out.find(part), std::string::npos) << part << "\n" << result.out;
    }
}

TEST_F(SequenceModels, list_shows_their_options) {
    const ProgramResult text = run_program({"list", "models"});
    const ProgramResult json = run_program({"list", "models", "--json"});
    for (const char* part : {"lstm.units", "tcn.first_taps", "alif.refractory_steps"}) {
        EXPECT_NE(text.out.find(part), std::string::npos) << text.out;
        EXPECT_NE(json.out.find(part), std::string::npos) << json.out;
    }
    EXPECT_NE(json.out.find("\"kinds\""), std::string::npos) << json.out;
}

TEST_F(SequenceModels, list_shows_what_mixers_read_and_what_was_published) {
    const ProgramResult patterns = run_program({"list", "models", "--patterns", "--markdown"});
    for (const char* part :
         {"| attention | yes | yes | yes | yes |", "| mega_cross | - | - | yes | yes |",
          "| nystrom | yes | - | - | - | landmarks are means of segments"}) {
        EXPECT_NE(patterns.out.find(part), std::string::npos) << part << "\n" << patterns.out;
    }
    const ProgramResult published = run_program({"list", "models", "--published", "--markdown"});
    for (const char* part : {"| transformer | listops | 2000 | 8948746 | 8948746 |",
                             "| s5 | pathfinder-x | 16384 | 694018 | 694018 |",
                             "| tcnca | image | 1024 | - | - | - | - | none found | Terzic"}) {
        EXPECT_NE(published.out.find(part), std::string::npos) << part << "\n" << published.out;
    }
    expect_error({"list", "tasks", "--patterns"}, 2, "--patterns is of models");
    expect_error({"list", "models", "--patterns", "--published"}, 2, "not both");
}

TEST_F(SequenceModels, what_they_cannot_do_is_refused) {
    expect_error(simulate(lstm(), {"--record", "memory"}), 2,
                 "only an ELM neuron has that, and this model is of kind lstm");
    expect_error(simulate(lstm(), {"--record", "output,branches"}), 2, "--record: branches");
    expect_error(simulate(lstm(3), {"--record", "voltage"}), 2, "this model has 3 outputs");
    expect_error(simulate(lstm(), {"--dt-ms", "0.5"}), 2, "fitted to steps of 1 ms");
    expect_error(simulate(lstm(), {"--set", "lstm.units=5"}), 2, "was fitted with 4");
    expect_error(simulate(lstm(), {"--set", "lstm.unit=4"}), 2, "Did you mean units?");
    EXPECT_EQ(run_program(simulate(lstm(), {"--set", "lstm.units=4"})).exit_code, 0);
}

TEST_F(SequenceModels, models_of_one_name_are_told_apart_by_their_folders) {
    const std::string data = ground_truth(), path = lstm();
    for (const char* folder : {"one", "two"}) {
        std::filesystem::create_directory(folder_ / folder);
        std::filesystem::copy_file(path, folder_ / (std::string(folder) + "/lstm.h5"));
    }
    const ProgramResult result = run_program(
        {"evaluate", "--model", folder_ / "one/lstm.h5", folder_ / "two/lstm.h5", "--data", data});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    for (const char* name : {"one/lstm ", "two/lstm ", " truth "}) {
        EXPECT_NE(result.out.find(name), std::string::npos) << result.out;
    }
}

TEST_F(SequenceModels, of_a_folder_all_files_but_checkpoints_must_be_models) {
    const std::string data = ground_truth(), fits = folder_ / "fits";
    std::filesystem::create_directory(fits);
    std::filesystem::copy_file(lstm(), fits + "/lstm.h5");
    std::filesystem::copy_file(data, fits + "/lstm.checkpoint.h5");
    EXPECT_EQ(run_program({"evaluate", "--model", fits, "--data", data}).exit_code, 0);
    std::filesystem::copy_file(data, fits + "/spikes.h5");
    expect_error({"evaluate", "--model", fits, "--data", data}, 3, fits + "/spikes.h5");
    expect_error({"evaluate", "--model", fits, "--data", data}, 3, "--model FILE FILE");
}

TEST_F(SequenceModels, a_kind_without_parameters_is_refused) {
    expect_error(simulate("lstm", {}), 2, "elmsim fit --model lstm");
    expect_error({"evaluate", "--model", "tcn", "--data", ground_truth()}, 2,
                 "elmsim fit --model tcn");
}

TEST_F(SequenceModels, models_that_do_not_fit_the_data_are_refused) {
    const std::string data = ground_truth();
    expect_error({"evaluate", "--model", model({.model = "lif", .shape = {5, 2}}), "--data", data},
                 2, "5 inputs, 2 outputs");
    expect_error({"evaluate", "--model", lstm(3), "--data", data}, 2, "3 outputs");
    expect_error({"evaluate", "--model", lstm(2, 0.5), "--data", data}, 2, "steps of 0.5 ms");
    expect_error({"simulate", "--model", model({.model = "lif", .shape = {5, 2}}), "--input", data},
                 3, "6 input channels");
}

TEST_F(SequenceModels, damaged_files_are_refused) {
    const std::string path = lstm();
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
    expect_error(simulate(path, {}), 3, "truncated");
    expect_error({"inspect", path}, 3, "truncated");
    const std::string wrong = folder_ / "wrong.h5";
    Hdf5File file = Hdf5File::create(wrong);
    for (const auto& [name, value] : Hdf5File::open(lstm()).attributes("/")) {
        file.set_attribute("/", name, value);
    }
    file.write_string("/config", "[lstm]\nunits = 4\n");
    file.close();
    for (const auto& arguments : {simulate(wrong, {}), {"inspect", wrong}}) {
        expect_error(arguments, 3, "lstm.weight_ih_l0 (16, 6) is missing");
        expect_error(arguments, 3, " and 3 more");
    }
}

}  // namespace
}  // namespace elm

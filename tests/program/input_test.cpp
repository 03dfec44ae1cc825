// Files of other programs: spikes, models, and attributes that only newer libraries read.

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/io/hdf5_file.h"
#include "tests/program/run_program.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

const std::string cases = ELM_CASES_DIR "/";

class Input : public testing::Test {
protected:
    /// Recording that a model writes for these arguments, by name of the dataset.
    std::map<std::string, std::vector<double>> recording(std::vector<std::string> arguments) {
        const std::string out = folder_ / "out.h5";
        arguments.insert(arguments.begin(), "simulate");
        arguments.insert(arguments.end(), {"--out", out, "--force"});
        const ProgramResult result = run_program(arguments);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        std::map<std::string, std::vector<double>> values;
        if (result.exit_code != 0) return values;
        const Hdf5File file = Hdf5File::open(out);
        for (const std::string& group : file.links("/")) {
            if (!file.is_group("/" + group)) continue;
            for (const std::string& name : file.links("/" + group)) {
                values[name] = file.read<double>("/" + group + "/" + name);
            }
        }
        return values;
    }
    auto of_spikes(const std::string& path) {
        return recording({"--model", "l5pc-elm-20", "--input", path});
    }
    auto of_model(const std::string& path) {
        return recording({"--model", path, "--poisson", "20", "--seconds", "0.5"});
    }
    std::string text(const std::string& name, const std::string& contents) {
        std::ofstream(folder_ / name) << contents;
        return folder_ / name;
    }
    /// NeuronIO data of four channels without an output spike.
    std::string silent_data() {
        const std::string path = folder_ / "silent.h5";
        Hdf5File file = Hdf5File::create(path);
        file.set_attribute("/", "num_segments", std::int64_t{50});
        file.set_attribute("/", "sim_duration_ms", std::int64_t{1600});
        for (const std::string group : {"/sim_00000/", "/sim_00001/"}) {
            file.write<double>(group + "input_time_ms", {1}, std::vector<double>{5}, FileType::i32);
            file.write<std::int32_t>(group + "input_synapse", {1}, std::vector<std::int32_t>{1},
                                     FileType::i32);
            file.write<double>(group + "output_spike_time_ms", {0}, std::vector<double>{},
                               FileType::f32);
            std::vector<double> voltage(1600, -70);
            for (std::size_t k = 0; k < voltage.size(); k += 3) voltage[k] = -69;
            file.write<double>(group + "soma_voltage_mV", {1600}, voltage, FileType::f32);
        }
        file.close();
        return path;
    }

    test::TemporaryDirectory folder_;
};

TEST_F(Input, spikes_in_seconds_and_sorted_by_id_are_those_in_milliseconds) {
    const auto expected = of_spikes(cases + "spikes_in_milliseconds.h5");
    ASSERT_EQ(expected.at("voltage_mV").size(), 400U);
    EXPECT_EQ(of_spikes(cases + "spikes_in_seconds.h5"), expected);
    EXPECT_EQ(of_spikes(cases + "spikes_by_id.h5"), expected);
}

TEST_F(Input, tables_of_text_are_those_of_hdf5) {
    const Hdf5File file = Hdf5File::open(cases + "spikes_by_id.h5");
    const auto times = file.read<double>("/spikes/inputs/timestamps");
    const auto units = file.read<std::int64_t>("/spikes/inputs/node_ids");
    std::string csv = "time_ms,unit\r\n", sonata = "timestamps population node_ids\n",
                nest = "# NEST version: 3.6\n# RecordingBackendASCII version: 2\nsender\ttime_ms\n",
                plain;
    for (std::size_t k = 0; k < times.size(); ++k) {
        const std::string time = std::to_string(times[k]), unit = std::to_string(units[k]);
        csv += time + "," + unit + ".0\r\n";
        sonata += time + " inputs " + unit + "\n";
        nest += unit + "\t" + time + "\n";
        plain += time + "\t" + unit + "\n";
    }
    const auto expected = of_spikes(cases + "spikes_in_milliseconds.h5");
    EXPECT_EQ(of_spikes(text("a.csv", csv)), expected);
    EXPECT_EQ(of_spikes(text("b.csv", sonata)), expected);
    EXPECT_EQ(of_spikes(text("c.dat", nest)), expected);
    EXPECT_EQ(of_spikes(text("d.txt", plain)), expected);
    const ProgramResult result =
        run_program({"simulate", "--model", "l5pc-elm-20", "--input", folder_ / "d.txt"});
    EXPECT_NE(result.err.find("read as time in ms and unit"), std::string::npos) << result.err;
}

TEST_F(Input, whole_numbers_of_nest_are_not_guessed_at) {
    expect_error(
        {"simulate", "--model", "leaky-integrator", "--input", text("spikes.dat", "3 10\n4 12\n")},
        3, "unit,time_ms");
}

TEST_F(Input, a_table_that_is_wrong_is_refused_with_its_line) {
    const auto expect = [&](const std::string& contents, const std::string& part) {
        expect_error(
            {"simulate", "--model", "leaky-integrator", "--input", text("x.csv", contents)}, 3,
            part);
    };
    expect("time_ms,unit\n1,2\n3,x\n", "x.csv:3:3: 'x' is no number");
    expect("time_ms,unit\n1,2\n3,100\n", "x.csv:3:3: the unit is 100, expected 0 to 99");
    expect("12,30.5\n", "whole numbers before fractions");
    expect("hello\n", "does not name the columns");
}

TEST_F(Input, a_population_is_chosen_by_name) {
    const std::string path =
        text("two.csv", "timestamps population node_ids\n1 a 0\n30 b 1\n9 a 2\n");
    const std::vector<std::string> simulate{"simulate", "--model", "leaky-integrator",
                                            "--input",  path,      "--json"};
    EXPECT_NE(run_program(simulate).out.find("\"samples\": 2"), std::string::npos);
    std::vector<std::string> chosen = simulate;
    chosen.insert(chosen.end(), {"--population", "b"});
    EXPECT_NE(run_program(chosen).out.find("\"steps\": 31"), std::string::npos);
    chosen.back() = "c";
    expect_error(chosen, 2, "It holds a, b");
}

TEST_F(Input, inspect_says_what_spikes_there_are) {
    const auto expect = [&](const std::string& path, const std::vector<std::string>& parts) {
        const ProgramResult result = run_program({"inspect", path});
        EXPECT_EQ(result.exit_code, 0) << result.err;
        for (const std::string& part : parts) {
            EXPECT_NE(result.out.find(part), std::string::npos) << part << "\n" << result.out;
        }
    };
    expect(cases + "spikes_by_id.h5", {"2500 spikes of 1109 units (1 to 1277), 1.001 to 399.5 ms",
                                       "not in order of time", "sorting    by_id", "milliseconds"});
    expect(cases + "spikes_in_seconds.h5", {"1.001 to 399.5 ms", "seconds"});
    expect(text("t.csv", "time (s);cell\n0.5;3\n1;3\n"),
           {"2 spikes of 1 units (3 to 3), 500 to 1000 ms, 2 Hz a unit"});
}

TEST_F(Input, state_dicts_of_all_forms_are_one_model) {
    const auto expected = of_model(cases + "state_dict.h5");
    EXPECT_EQ(of_model(cases + "state_dict_module.h5"), expected);
    EXPECT_EQ(of_model(cases + "state_dict.safetensors"), expected);
    for (const char* name : {"state_dict_module.h5", "state_dict.safetensors"}) {
        const ProgramResult result = run_program({"inspect", cases + name});
        EXPECT_EQ(result.exit_code, 0) << result.err;
        EXPECT_NE(result.out.find("ELM state dict"), std::string::npos) << result.out;
    }
}

TEST_F(Input, what_fit_exports_is_read_wherever_a_model_goes_in) {
    const std::string data = silent_data(), out = folder_ / "fit.h5";
    for (const std::string kind : {"elm", "lstm"}) {
        const std::vector<std::string> fit{"fit", "--data",   data, "--model",
                                           kind,  "--budget", "3u", "--safetensors"};
        std::vector<std::string> first = fit;
        first.insert(first.end(), {"--out", out, "--force"});
        ASSERT_EQ(run_program(first).exit_code, 0) << run_program(first).err;
        const std::string exported = folder_ / "fit.safetensors";
        EXPECT_EQ(of_model(exported).at("voltage_mV").size(), 500U) << kind;
        const ProgramResult inspected = run_program({"inspect", exported});
        EXPECT_EQ(inspected.exit_code, 0) << inspected.err;
        EXPECT_EQ(run_program({"evaluate", "--model", exported, "--data", data}).exit_code, 0);
        std::vector<std::string> second = fit;
        second.insert(second.end(),
                      {"--out", folder_ / "again.h5", "--force", "--init-from", exported});
        const ProgramResult again = run_program(second);
        EXPECT_EQ(again.exit_code, 0) << again.err;
    }
}

TEST_F(Input, files_of_other_kinds_are_called_what_they_are) {
    const std::string torch("PK\x03\x04\x00\x00\x08\x08 model/data.pkl", 24);
    const auto expect = [&](const std::string& path, const std::string& part) {
        expect_error({"inspect", path}, 3, part);
        expect_error({"simulate", "--model", path, "--poisson", "5", "--seconds", "1"}, 3, part);
    };
    expect(text("m.pt", torch), "what torch.save writes");
    expect(text("m.h5", std::string("\x1f\x8b\x08\x00", 4)), "compressed by gzip");
    expect(text("empty.h5", ""), "it is empty");
    expect_error({"simulate", "--model", "leaky-integrator", "--input",
                  text("s.h5", std::string("\x1f\x8b\x08\x00", 4))},
                 3, "unpack it with gunzip");
}

TEST_F(Input, attributes_that_only_newer_libraries_read_are_passed_over) {
    const std::string path = cases + "newer_attributes.h5";
    const ProgramResult result =
        run_program({"simulate", "--model", "leaky-integrator", "--input", path, "--json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NE(result.out.find("\"steps\": 37"), std::string::npos) << result.out;
    EXPECT_EQ(run_program({"inspect", path}).exit_code, 0);
}

TEST_F(Input, a_score_of_nothing_is_a_dash_and_null) {
    const std::vector<std::string> evaluate{"evaluate", "--model", "leaky-integrator", "--data",
                                            silent_data()};
    for (const char* form : {"", "--csv", "--markdown", "--json"}) {
        std::vector<std::string> arguments = evaluate;
        if (*form != '\0') arguments.emplace_back(form);
        const ProgramResult result = run_program(arguments);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        EXPECT_EQ(result.out.find("nan"), std::string::npos) << result.out;
    }
}

TEST_F(Input, an_option_that_is_not_there_is_answered_with_those_that_are) {
    expect_error(
        {"fit", "--data", silent_data(), "--out", folder_ / "f.h5", "--set", "training.lr=1e-3"}, 2,
        "learning_rate");
    expect_error({"fit", "--data", silent_data(), "--out", folder_ / "f.h5", "--set", "elm.xyz=3"},
                 2, "num_memory");
}

}  // namespace
}  // namespace elm

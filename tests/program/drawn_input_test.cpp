// Input that `elmsim simulate` draws itself: Poisson spikes and the NeuronIO protocol.

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <sstream>

#include <gtest/gtest.h>

#include "kernels/io/hdf5_file.h"
#include "tests/program/run_program.h"
#include "tests/program/small_cell_files.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

using Words = std::vector<std::string>;

class DrawnInput : public testing::Test {
protected:
    /// Runs the program with --out NAME and opens what it wrote.
    Hdf5File made(const std::string& name, Words arguments) const {
        arguments.insert(arguments.end(), {"--out", folder_ / name});
        const ProgramResult result = run_program(arguments);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        EXPECT_EQ(result.err.find("warning"), std::string::npos) << result.err;
        return Hdf5File::open(folder_ / name);
    }
    static Words with(Words arguments, const Words& more) {
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }

    test::TemporaryDirectory folder_;
    test::SmallCellFiles files_{folder_.path()};
    const Words fitted_{"simulate", "--model", "l5pc-elm-20"};
    const Words protocol_{"--input-protocol", "neuronio"};
};

TEST_F(DrawnInput, a_cell_does_under_the_protocol_what_generate_records) {
    const Words run{"--cell", files_.path(), "--seconds", "0.2", "--seed", "3"};
    const Hdf5File truth =
        made("truth.h5", with({"generate", "neuronio", "--simulations", "2"}, run));
    const Hdf5File ours =
        made("ours.h5", with(with(with({"simulate"}, run), protocol_),
                             {"--trials", "2", "--record", "voltage:soma", "--every-ms", "1"}));
    std::size_t spikes = 0;
    for (const std::string sample : {"/sim_00000", "/sim_00001"}) {
        auto voltage = ours.read<double>(sample + "/voltage:soma");
        ASSERT_EQ(voltage.size(), 201u);
        voltage.pop_back();  // the end belongs to no bin of ground truth
        EXPECT_EQ(voltage, truth.read<double>(sample + "/soma_voltage_mV")) << sample;
        const auto times = ours.read<double>(sample + "/spike_time_ms");
        EXPECT_EQ(times, truth.read<double>(sample + "/output_spike_time_ms")) << sample;
        spikes += times.size();
    }
    EXPECT_GT(spikes, 0u) << "nothing was compared";
    EXPECT_FALSE(ours.has("/sim_00002"));
}

TEST_F(DrawnInput, a_model_gets_the_input_that_generate_draws_for_its_cell) {
    made("truth.h5",
         {"generate", "neuronio", "--simulations", "2", "--seconds", "0.05", "--seed", "5"});
    const Hdf5File from_file = made("a.h5", with(fitted_, {"--input", folder_ / "truth.h5"}));
    const Hdf5File drawn =
        made("b.h5",
             with(with(fitted_, protocol_), {"--seconds", "0.05", "--seed", "5", "--trials", "2"}));
    for (const std::string sample : {"/sim_00000", "/sim_00001"}) {
        for (const std::string data : {"/spike_probability", "/voltage_mV"}) {
            EXPECT_EQ(drawn.read<double>(sample + data), from_file.read<double>(sample + data))
                << sample << data;
        }
    }
    EXPECT_NE(drawn.read<double>("/sim_00000/voltage_mV"),
              drawn.read<double>("/sim_00001/voltage_mV"));
}

TEST_F(DrawnInput, a_run_is_repeated_from_what_it_wrote) {
    const Words options{"--seconds", "0.3", "--seed", "9", "--trials", "2"};
    const auto expect_same = [&](const std::string& name, const std::string& data) {
        const Hdf5File again = made("again-" + name, {"simulate", "--config", folder_ / name});
        const Hdf5File first = Hdf5File::open(folder_ / name);
        const auto values = first.read<double>(data);
        EXPECT_FALSE(values.empty());
        EXPECT_EQ(again.read<double>(data), values) << data;
    };
    made("fitted.h5", with(with(fitted_, protocol_), options));
    expect_same("fitted.h5", "/sim_00001/voltage_mV");
    made("cell.h5", with(with({"simulate", "--cell", files_.path()}, protocol_), options));
    expect_same("cell.h5", "/sim_00001/voltage:soma");
    made("poisson.h5",
         with({"simulate", "--model", "leaky-integrator", "--poisson", "12"}, options));
    expect_same("poisson.h5", "/poisson_00001/voltage_mV");
}

TEST_F(DrawnInput, lasts_as_long_as_published_simulations_unless_told) {
    const Hdf5File file = made("a.h5", with(fitted_, protocol_));
    EXPECT_EQ(file.shape("/sim_00000/voltage_mV"), (std::vector<std::int64_t>{6000}));
}

TEST_F(DrawnInput, the_first_of_several_poisson_trials_is_the_only_one_of_one) {
    const Words run{"simulate",  "--model", "leaky-integrator", "--poisson", "12",
                    "--seconds", "0.5"};
    const Hdf5File one = made("one.h5", run);
    const Hdf5File three = made("three.h5", with(run, {"--trials", "3"}));
    const auto first = one.read<double>("/poisson/voltage_mV");
    EXPECT_EQ(three.read<double>("/poisson_00000/voltage_mV"), first);
    const auto second = three.read<double>("/poisson_00001/voltage_mV");
    EXPECT_NE(second, first);
    EXPECT_NE(three.read<double>("/poisson_00002/voltage_mV"), second);
}

TEST_F(DrawnInput, the_first_example_of_the_help_spikes) {
    const std::string help = run_program({"simulate", "--help"}).out;
    const std::string start = "\n  elmsim ";
    const std::size_t at = help.find(start) + start.size();
    std::istringstream line(help.substr(at, help.find('\n', at) - at));
    Words words;
    for (std::string word; line >> word;) words.push_back(word);
    const auto plot = std::find(words.begin(), words.end(), "--plot");
    ASSERT_NE(plot, words.end()) << help;
    words.erase(plot, plot + 2);
    const auto probability = made("a.h5", words).read<double>("/sim_00000/spike_probability");
    // The cell itself fires 21 times on this input.
    const double expected = std::accumulate(probability.begin(), probability.end(), 0.0);
    EXPECT_GT(expected, 10) << help;
    EXPECT_GT(*std::max_element(probability.begin(), probability.end()), 0.2) << help;
}

TEST_F(DrawnInput, impossible_wishes_are_refused) {
    expect_error(with(fitted_, {"--input-protocol", "neuronoi"}), 2, "Did you mean neuronio?");
    const auto refused = [&](const Words& more, const std::string& part) {
        expect_error(with(with(fitted_, protocol_), more), 2, part);
    };
    refused({"--poisson", "5", "--seconds", "1"}, "not several");
    refused({"--trials", "0"}, "--trials 0: expected 1 to");
    refused({"--trials", "many"}, "--trials many: expected a whole number");
    refused({"--seconds", "0.0005"}, "a whole number of ms");
    refused({"--seconds", "1001"}, "from 0.001 to 1000 s");
    refused({"--seconds", "nan"}, "--seconds");
    expect_error({"simulate", "--model", "leaky-integrator", "--input-protocol", "neuronio"}, 2,
                 "the model has 100 inputs");
    const std::string spikes = (std::filesystem::path(ELM_CASES_DIR) / "spike_at_zero.h5").string();
    expect_error({"simulate", "--cell", "l5pc", "--input", spikes, "--trials", "2"}, 2,
                 "--trials is for --poisson and --input-protocol");
    expect_error({"simulate", "--cell", "l5pc", "--seconds", "0.01", "--trials", "2"}, 2,
                 "--trials is for");
}

}  // namespace
}  // namespace elm

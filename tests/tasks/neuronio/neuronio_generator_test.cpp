// Files of NeuronIO data: what stands in them, and going on after a run that did not end. The cell
// is a stand-in whose voltages follow from its input, so that a simulation can be told by them.

#include "tasks/neuronio/neuronio_generator.h"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tasks/neuronio/neuronio_file.h"
#include "tasks/neuronio/neuronio_statistics.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

namespace fs = std::filesystem;
constexpr int duration = 60;

cable::Cell small_cell() {
    cable::Cell cell;
    cell.name = "small";
    auto& tree = cell.compartments;
    tree.sections = {{"soma[0]", cable::Region::soma, -1, 1, 24, 0, 0, 1},
                     {"dend[0]", cable::Region::basal, 0, 0.5, 90, 0, 1, 3},
                     {"apic[0]", cable::Region::apical, 0, 0.5, 40, 0, 4, 1}};
    tree.segments = {{0, 0, cable::Region::soma, 0.5, 24, 1, 1, 0},
                     {1, 1, cable::Region::basal, 1 / 6.0, 30, 1, 1, 15},
                     {1, 2, cable::Region::basal, 0.5, 30, 1, 1, 45},
                     {1, 3, cable::Region::basal, 5 / 6.0, 30, 1, 1, 75},
                     {2, 4, cable::Region::apical, 0.5, 40, 1, 1, 20}};
    cell.site_segments = {1, 2, 3, 4};
    cell.nexus_segment = 4;
    return cell;
}

NeuronIoRecipe small_recipe() {
    NeuronIoRecipe recipe;
    recipe.cell = small_cell();
    recipe.duration_ms = duration;
    recipe.seed = 4;
    recipe.run.dt_ms = 0.025;
    return recipe;
}

/// Voltage of a segment after some steps: the input so far, plus who and when.
float stand_in_voltage(const cable::Trial& trial, int segment, double t_ms) {
    double sum = -70 + segment + 0.01 * std::sin(t_ms);
    for (const cable::SynapticEvent& event : trial.events) {
        if (event.time_ms <= t_ms) sum += 0.001 * (event.channel + 1);
    }
    return static_cast<float>(sum);
}

std::vector<cable::TrialRecording> stand_in(const cable::Cell&,
                                            const std::vector<cable::Trial>& trials,
                                            const cable::RunOptions& options) {
    const auto steps = static_cast<int>(std::lround(options.duration_ms / options.dt_ms));
    std::vector<cable::TrialRecording> recordings;
    for (const cable::Trial& trial : trials) {
        cable::TrialRecording recording;
        for (const cable::Probe& probe : options.probes) {
            std::vector<float> values;
            for (int step = 0; step <= steps; step += probe.every_steps) {
                values.push_back(stand_in_voltage(trial, probe.segment, step * options.dt_ms));
            }
            recording.recordings.push_back(std::move(values));
        }
        recordings.push_back(std::move(recording));
    }
    if (options.progress && !options.progress(1, 2)) return {};
    return recordings;
}

bool go_on(double) { return true; }
const Values facts = {{"cell", std::string("small")}, {"version", std::string("1")}};

/// Makes batches of two until nothing is missing, or `most` batches are made.
void make(NeuronIoGenerator& generator, const NeuronIoRecipe& recipe, int most = 1000) {
    for (int batch = 0; batch < most && !generator.missing().empty(); ++batch) {
        const auto& missing = generator.missing();
        const std::vector<std::int64_t> indices(
            missing.begin(), missing.begin() + std::min<std::ptrdiff_t>(2, std::ssize(missing)));
        generator.keep(simulate_neuronio(recipe, indices, stand_in, go_on));
    }
    if (generator.missing().empty()) generator.finish("[generate]\n");
}

std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(OutputSpikes, are_peaks_above_the_threshold) {
    const std::vector<float> soma{0, -70, -20, -30, -10, -10, -40, -24, -50, -26, -60, 10};
    // Sample 2 is a peak; 4 and 5 tie; 7 is a peak; 9 lies below; the first and last never count.
    EXPECT_EQ(output_spike_times(soma, -25), (std::vector<double>{2 / 8.0, 7 / 8.0}));
    EXPECT_EQ(output_spike_times(soma, -25, 0.5), (std::vector<double>{1, 3.5}));
    EXPECT_TRUE(output_spike_times({}, -25).empty());
}

TEST(NeuronIoWriter, finds_spikes_before_rounding) {
    // In float16 30.002 and 30 are the same, and there would be no peak.
    NeuronIoRecording recording;
    recording.soma_mV.assign(16, -70);
    recording.soma_mV[9] = 30;
    recording.soma_mV[10] = 30.002f;
    const test::TemporaryDirectory folder;
    Hdf5File file = Hdf5File::create(folder / "x.h5");
    write_neuronio_simulation(file, recording, -25);
    EXPECT_EQ(file.read<double>("/sim_00000/output_spike_time_ms"), std::vector<double>{1.25});
    EXPECT_EQ(file.read<float>("/sim_00000/soma_voltage_highres_mV")[10], 30);
    EXPECT_EQ(file.read<float>("/sim_00000/soma_voltage_mV").size(), 2u);
    EXPECT_FALSE(file.has("/sim_00000/nexus_voltage_mV"));
}

TEST(NeuronIoGenerator, the_layout_is_that_of_the_published_data) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "x.h5";
    NeuronIoRecipe recipe = small_recipe();
    recipe.dendrites = true;
    NeuronIoGenerator generator(path, recipe, facts, 3, 2, false, false);
    make(generator, recipe);
    const Hdf5File file = Hdf5File::open(path);
    EXPECT_EQ(file.number_attribute("/", "num_segments"), 4);
    EXPECT_EQ(file.number_attribute("/", "seed"), 4);
    EXPECT_EQ(file.number_attribute("/", "sim_duration_ms"), duration);
    EXPECT_EQ(file.attributes("/").at("cell"), Value(std::string("small")));
    EXPECT_EQ(file.read<double>("/segment_distance_um"), (std::vector<double>{27, 57, 87, 32}));
    EXPECT_EQ(file.read<double>("/segment_length_um"), (std::vector<double>{30, 30, 30, 40}));
    EXPECT_EQ(file.read<std::int64_t>("/segment_is_apical"),
              (std::vector<std::int64_t>{0, 0, 0, 1}));
    EXPECT_EQ(file.read<std::int64_t>("/segment_section"), (std::vector<std::int64_t>{0, 0, 0, 1}));
    EXPECT_EQ(file.type_name("/sim_00003/input_synapse"), "uint16");
    EXPECT_EQ(file.type_name("/sim_00003/input_time_ms"), "uint16");
    EXPECT_EQ(file.type_name("/sim_00003/soma_voltage_mV"), "float32");
    EXPECT_EQ(file.type_name("/sim_00003/soma_voltage_highres_mV"), "float16");
    EXPECT_EQ(file.shape("/sim_00003/soma_voltage_highres_mV"),
              std::vector<std::int64_t>{8 * duration});
    EXPECT_EQ(file.shape("/sim_00004/dendrite_voltage_mV"),
              (std::vector<std::int64_t>{4, duration}));
    EXPECT_FALSE(fs::exists(path + ".partial"));
    EXPECT_EQ(file.read_string("/config"), "[generate]\n");
    // The input is that of the protocol, the voltages those of the trial.
    const InputSpikes input = draw_input_spikes(input_sites(recipe.cell), duration, 4, 3);
    EXPECT_EQ(file.read<std::int32_t>("/sim_00003/input_synapse"), input.synapse);
    EXPECT_EQ(file.read<std::int32_t>("/sim_00003/input_time_ms"), input.time_ms);
    cable::Trial trial;
    for (std::size_t k = 0; k < input.time_ms.size(); ++k) {
        trial.events.push_back({static_cast<double>(input.time_ms[k]), input.synapse[k]});
    }
    const auto soma = file.read<float>("/sim_00003/soma_voltage_mV");
    const auto nexus = file.read<float>("/sim_00003/nexus_voltage_mV");
    ASSERT_EQ(soma.size(), static_cast<std::size_t>(duration));
    ASSERT_EQ(nexus.size(), static_cast<std::size_t>(duration));
    for (int t = 0; t < duration; ++t) {
        // The time of a step, its number times 0.025, may differ from t in the last bit.
        EXPECT_NEAR(soma[static_cast<std::size_t>(t)], stand_in_voltage(trial, 0, t + 1e-9), 1e-5);
        EXPECT_NEAR(nexus[static_cast<std::size_t>(t)], stand_in_voltage(trial, 4, t + 1e-9), 1e-5);
    }
    const NeuronIoFile reader(path);
    EXPECT_EQ(reader.size(), 2);
    EXPECT_EQ(reader.name(0), "sim_00003");
    EXPECT_EQ(reader.read(1).input.n_steps, duration);
}

TEST(NeuronIoGenerator, a_run_that_went_on_gives_the_same_bytes) {
    const test::TemporaryDirectory folder;
    const NeuronIoRecipe recipe = small_recipe();
    const std::string whole = folder / "whole.h5", cut = folder / "cut.h5";
    NeuronIoGenerator once(whole, recipe, facts, 0, 5, false, false);
    make(once, recipe);
    {
        NeuronIoGenerator first(cut, recipe, facts, 0, 5, false, false);
        make(first, recipe, 1);
    }
    EXPECT_FALSE(fs::exists(cut));
    // What a kill in the middle of a write leaves.
    std::ofstream(cut + ".partial/sim_00002.h5.tmp-1") << "half";
    NeuronIoGenerator second(cut, recipe, facts, 0, 5, true, false);
    EXPECT_EQ(second.missing(), (std::vector<std::int64_t>{2, 3, 4}));
    make(second, recipe);
    EXPECT_EQ(bytes_of(cut), bytes_of(whole));
    EXPECT_FALSE(fs::exists(cut + ".partial"));
    // A whole file has nothing left to do.
    NeuronIoGenerator third(cut, recipe, facts, 0, 5, true, false);
    EXPECT_TRUE(third.missing().empty());
    third.finish("");
    EXPECT_EQ(bytes_of(cut), bytes_of(whole));
}

TEST(NeuronIoGenerator, goes_on_with_the_same_recipe_alone) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "x.h5";
    NeuronIoRecipe recipe = small_recipe();
    {
        NeuronIoGenerator first(path, recipe, facts, 0, 4, false, false);
        make(first, recipe, 1);
    }
    const auto again = [&](bool resume, bool force, const Values& other) {
        return test::message_of(
            [&] { NeuronIoGenerator(path, recipe, other, 0, 4, resume, force); });
    };
    EXPECT_NE(again(false, false, facts).find("a run that did not end"), std::string::npos);
    Values other = facts;
    other["version"] = std::string("2");  // of the program: it may change
    EXPECT_EQ(again(true, false, other), "no error");
    other["cell"] = std::string("big");
    recipe.seed = 5;
    const std::string message = again(true, false, other);
    EXPECT_NE(message.find("cell: small there, big asked for"), std::string::npos) << message;
    EXPECT_NE(message.find("seed: 4 there, 5 asked for"), std::string::npos) << message;
    EXPECT_EQ(again(false, true, other), "no error");
    EXPECT_FALSE(fs::exists(path + ".partial"));  // nothing was kept
}

TEST(NeuronIoGenerator, a_file_of_other_simulations_is_refused) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "x.h5";
    const NeuronIoRecipe recipe = small_recipe();
    NeuronIoGenerator first(path, recipe, facts, 0, 2, false, false);
    make(first, recipe);
    EXPECT_NE(test::message_of([&] {
                  NeuronIoGenerator(path, recipe, facts, 0, 3, true, false);
              }).find("holds 2 simulations, 3 asked for"),
              std::string::npos);
    EXPECT_NE(test::message_of([&] {
                  NeuronIoGenerator(path, recipe, facts, 0, 2, false, false);
              }).find("exists"),
              std::string::npos);
}

TEST(NeuronIoGenerator, work_that_is_stopped_returns_nothing) {
    const NeuronIoRecipe recipe = small_recipe();
    EXPECT_TRUE(simulate_neuronio(recipe, {0, 1}, stand_in, [](double) { return false; }).empty());
}

TEST(NeuronIoGenerator, steps_that_do_not_divide_the_sample_are_refused) {
    for (const double dt : {0.125, 0.0625, 0.025, 0.0125, 0.005, 0.125 / 3}) {
        EXPECT_NO_THROW(require_dividing_step(dt)) << dt;
    }
    for (const double dt : {0.1, 0.05, 0.01, 0.2, 0.0, -0.025}) {
        EXPECT_NE(test::message_of([&] { require_dividing_step(dt); }).find("0.0625"),
                  std::string::npos)
            << dt;
    }
}

TEST(NeuronIoStatistics, are_those_of_the_definition) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "x.h5";
    {
        Hdf5File file = Hdf5File::create(path);
        file.set_attribute("/", "num_segments", std::int64_t{2});
        file.set_attribute("/", "sim_duration_ms", std::int64_t{100});
        file.write<double>("/segment_is_apical", {2}, std::vector<double>{0, 1}, FileType::i64);
        for (int k = 0; k < 2; ++k) {
            const std::string group = k == 0 ? "/sim_00000/" : "/sim_00001/";
            file.write<double>(group + "input_time_ms", {4}, std::vector<double>{0, 10, 20, 60},
                               FileType::u16);
            file.write<double>(group + "input_synapse", {4}, std::vector<double>{0, 1, 3, 2},
                               FileType::u16);
            const std::vector<double> spikes =
                k == 0 ? std::vector<double>{10, 20, 50, 60} : std::vector<double>{};
            file.write<double>(group + "output_spike_time_ms", {std::ssize(spikes)}, spikes,
                               FileType::f32);
            std::vector<double> soma(100, -60);
            soma[3] = 40;
            file.write<double>(group + "soma_voltage_mV", {100}, soma, FileType::f32);
            std::vector<double> nexus(100, -50);
            for (std::size_t t = 0; t < 25; ++t) nexus[t] = -30;
            file.write<double>(group + "nexus_voltage_mV", {100}, nexus, FileType::f32);
        }
        file.close();
    }
    const NeuronIoStatistics found = neuronio_statistics(path);
    EXPECT_EQ(found.simulations, 2);
    EXPECT_EQ(found.output_spikes, 4);
    EXPECT_EQ(found.silent, 1);
    const StatisticRow& rate = found.row("output rate");
    EXPECT_EQ(rate.mean, 20);
    EXPECT_NEAR(rate.standard_deviation, std::sqrt(800.0), 1e-12);  // of 40 and 0
    EXPECT_NEAR(rate.standard_error, 20, 1e-12);
    EXPECT_EQ(rate.lowest, 0);
    EXPECT_EQ(rate.median, 20);
    EXPECT_EQ(rate.highest, 40);
    // Intervals 10, 30, 10: mean 50/3, variance 800/9.
    EXPECT_EQ(found.row("output ISI CV").count, 1);
    EXPECT_NEAR(found.row("output ISI CV").mean, std::sqrt(800.0 / 9) / (50.0 / 3), 1e-12);
    EXPECT_NEAR(found.row("soma voltage mean").mean, -59, 1e-12);
    EXPECT_NEAR(found.row("soma voltage mean, cut at -55").mean, -59.95, 1e-12);
    EXPECT_NEAR(found.row("soma voltage SD").mean, std::sqrt(10000 * 0.01 * 0.99), 1e-12);
    EXPECT_NEAR(found.row("soma above -55").mean, 0.01, 1e-15);
    EXPECT_NEAR(found.row("nexus above -40").mean, 0.25, 1e-15);
    EXPECT_EQ(found.row("exc input").mean, 20);
    EXPECT_EQ(found.row("inh basal").mean, 1);
    EXPECT_EQ(found.row("inh apical").mean, 1);
    EXPECT_EQ(found.row("synapses with an event at 0 ms").mean, 1);
    EXPECT_THROW(found.row("none"), std::out_of_range);
}

TEST(NeuronIoStatistics, of_the_published_data_are_the_published_ones) {
    const std::string path = ELM_DATA_DIR "/neuronio_test.h5";
    if (!fs::exists(path)) GTEST_SKIP() << "no " << path;
    const NeuronIoStatistics found = neuronio_statistics(path);
    EXPECT_EQ(found.output_spikes, 524);
    EXPECT_EQ(found.silent, 18);
    // To the digits that are known of them.
    EXPECT_NEAR(found.row("output rate").mean, 1.365, 5e-4);
    EXPECT_NEAR(found.row("output rate").standard_error, 0.193, 5e-4);
    EXPECT_NEAR(found.row("output ISI CV").mean, 1.407, 5e-4);
    EXPECT_NEAR(found.row("soma voltage SD").mean, 3.993, 5e-4);
    EXPECT_NEAR(found.row("nexus voltage mean").mean, -66.804, 5e-4);
    EXPECT_NEAR(found.row("inh apical").mean, 311.3, 0.05);
    EXPECT_NEAR(found.row("exc-inh correlation, 50 ms windows").mean, 0.636, 5e-4);
}

}  // namespace
}  // namespace elm

#include "tasks/neuronio/neuronio_dataset.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tasks/data/selection.h"
#include "tests/support/temporary_directory.h"
#include "tests/tasks/neuronio/neuronio_files.h"

namespace elm {
namespace {

using test::RandomNeuronIo;

/// The message of the Error{data} that `work` throws.
template <class Work>
std::string data_error(const Work& work) {
    try {
        work();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data) << error.message();
        return error.message();
    }
    return "no error";
}

bool has(const std::string& message, const std::string& part) {
    return message.find(part) != std::string::npos;
}

TEST(Selection, takes_indices_and_ranges_in_the_order_given) {
    using List = std::vector<std::int64_t>;
    EXPECT_EQ(parse_selection("0:3", 9), (List{0, 1, 2}));
    EXPECT_EQ(parse_selection("8,0,3:5", 9), (List{8, 0, 3, 4}));
    EXPECT_EQ(parse_selection("7:", 9), (List{7, 8}));
    EXPECT_EQ(parse_selection(":2", 9), (List{0, 1}));
    EXPECT_EQ(parse_selection("", 3), (List{0, 1, 2}));
}

TEST(Selection, names_the_part_that_is_wrong) {
    const auto error_of = [](const char* text) {
        return data_error([&] { parse_selection(text, 9); });
    };
    EXPECT_PRED2(has, error_of("0,-1"), "\"-1\" is negative");
    EXPECT_PRED2(has, error_of("-3:2"), "\"-3:2\" is negative");
    EXPECT_PRED2(has, error_of("9"), "\"9\" is out of range, there are 9");
    EXPECT_PRED2(has, error_of("2:10"), "\"2:10\" is out of range");
    EXPECT_PRED2(has, error_of("99999999999999999999"), "is out of range");
    EXPECT_PRED2(has, error_of("4:4"), "\"4:4\" selects nothing");
    EXPECT_PRED2(has, error_of("5:4"), "\"5:4\" selects nothing");
    EXPECT_PRED2(has, error_of("0:3,2"), "\"2\" selects 2 a second time");
    EXPECT_PRED2(has, error_of("a"), "\"a\" is not a number");
    EXPECT_PRED2(has, error_of("1,"), "\"\" is not a number");
    EXPECT_PRED2(has, error_of("1:2:3"), "\"1:2:3\" is not a number");
    EXPECT_PRED2(has, error_of(" 1"), "\" 1\" is not a number");
}

class NeuronIoDatasetTest : public testing::Test {
protected:
    std::string write(const std::string& name, const RandomNeuronIo& content = {}) {
        return content.write(folder_ / name);
    }
    std::string error_of(const std::vector<std::string>& paths,
                         const NeuronIoDatasetOptions& options = {}) {
        return data_error([&] { NeuronIoDataset data(paths, options); });
    }
    /// A file whose first simulation has another array.
    template <class T>
    std::string write_with(const std::string& array, const std::vector<T>& values, FileType type) {
        const RandomNeuronIo content{.n_simulations = 1};
        const std::string path = folder_ / "changed.h5";
        Hdf5File file = Hdf5File::create(path);
        file.set_attribute("/", "num_segments", content.n_segments);
        file.set_attribute("/", "sim_duration_ms", content.n_steps);
        const auto put = [&]<class U>(const std::string& name, const std::vector<U>& own,
                                      FileType own_type) {
            const std::string dataset = fmt::format("/sim_00000/{}", name);
            if (name == array) {
                file.write<T>(dataset, {static_cast<std::int64_t>(values.size())}, values, type);
            } else {
                file.write<U>(dataset, {static_cast<std::int64_t>(own.size())}, own, own_type);
            }
        };
        put("input_synapse", content.input_channel(0), FileType::i32);
        put("input_time_ms", content.input_time(0), FileType::i32);
        put("output_spike_time_ms", content.output_times(0), FileType::f64);
        put("soma_voltage_mV", content.voltage(0), FileType::f32);
        file.close();
        return path;
    }

    test::TemporaryDirectory folder_;
};

TEST_F(NeuronIoDatasetTest, lists_the_simulations_of_all_files_and_counts_their_spikes) {
    const RandomNeuronIo one{.seed = 1}, two{.n_simulations = 2, .seed = 2};
    const std::string first = write("a.h5", one), second = write("b.h5", two);
    const NeuronIoDataset data({first, second});
    ASSERT_EQ(data.size(), 5);
    EXPECT_EQ(data.n_channels(), 8);
    EXPECT_EQ(data.n_steps(), 60);
    EXPECT_TRUE(data.in_memory());
    EXPECT_EQ(data.path(2), first);
    EXPECT_EQ(data.path(3), second);
    EXPECT_EQ(data.name(4), "sim_00001");
    std::size_t n_input = 0, n_output = 0;
    std::int64_t bytes = 0;
    for (std::int64_t k = 0; k < 5; ++k) {
        const RandomNeuronIo& file = k < 3 ? one : two;
        const std::int64_t in_file = k < 3 ? k : k - 3;
        const auto simulation = data.compact(k);
        EXPECT_EQ(simulation->channels, file.input_channel(in_file));
        EXPECT_EQ(simulation->soma_voltage_mV, file.voltage(in_file));
        EXPECT_EQ(data.read(k).output_spike_times_ms, file.output_times(in_file));
        n_input += file.input_channel(in_file).size();
        n_output += file.output_times(in_file).size();
        bytes += simulation->bytes();
    }
    EXPECT_EQ(data.n_input_spikes(), static_cast<std::int64_t>(n_input));
    EXPECT_EQ(data.n_output_spikes(), static_cast<std::int64_t>(n_output));
    EXPECT_EQ(data.bytes(), bytes);
    EXPECT_DOUBLE_EQ(data.output_rate_hz(), static_cast<double>(n_output) / 0.3);  // 5 x 60 ms
}

// Figures counted with h5py.
TEST(NeuronIoData, has_the_counts_of_the_recorded_ground_truth) {
    const char* const folder = std::getenv("ELM_DATA_DIR");
    const std::string path =
        fmt::format("{}/neuronio_test.h5", folder != nullptr ? folder : ELM_DATA_DIR);
    if (!std::filesystem::exists(path)) {
        GTEST_SKIP() << "there is no " << path << "; set ELM_DATA_DIR";
    }
    const NeuronIoDataset data({path});
    EXPECT_EQ(data.size(), 64);
    EXPECT_EQ(data.n_channels(), 1278);
    EXPECT_EQ(data.n_steps(), 6000);
    EXPECT_EQ(data.n_input_spikes(), 5428870);
    EXPECT_EQ(data.n_output_spikes(), 524);
    EXPECT_NEAR(data.output_rate_hz(), 524 / 384.0, 1e-12);
    std::int64_t n_excitatory = 0, n_spike_bins = 0;
    double clipped = 0;
    for (std::int64_t k = 0; k < data.size(); ++k) {
        const auto simulation = data.compact(k);
        for (const auto channel : simulation->channels) n_excitatory += channel < 639;
        for (const auto spike : simulation->output_spikes) n_spike_bins += spike;
        for (const auto voltage : simulation->soma_voltage_mV) clipped += std::min(voltage, -55.0f);
    }
    EXPECT_EQ(n_excitatory, 3039085);
    EXPECT_EQ(n_spike_bins, 524);
    EXPECT_NEAR(clipped / (64 * 6000.0), -67.206, 0.0005);
}

TEST_F(NeuronIoDatasetTest, selects_from_the_list_of_all_files) {
    const std::string first = write("a.h5"), second = write("b.h5", {.seed = 2});
    const NeuronIoDataset data({first, second}, {.selection = "5,1:3"});
    ASSERT_EQ(data.size(), 3);
    EXPECT_EQ(data.path(0), second);
    EXPECT_EQ(data.name(0), "sim_00002");
    EXPECT_EQ(data.index_in_files(0), 5);
    EXPECT_EQ(data.name(2), "sim_00002");
    EXPECT_EQ(data.path(2), first);
}

TEST_F(NeuronIoDatasetTest, keeps_within_its_budget_what_it_reads_on_demand) {
    const std::string path = write("a.h5", {.n_simulations = 6});
    const NeuronIoDataset all({path});
    const std::int64_t largest = [&] {
        std::int64_t bytes = 0;
        for (std::int64_t k = 0; k < 6; ++k) bytes = std::max(bytes, all.compact(k)->bytes());
        return bytes;
    }();
    const NeuronIoDataset some({path}, {.memory_budget_bytes = 2 * largest});
    EXPECT_FALSE(some.in_memory());
    EXPECT_EQ(some.bytes(), all.bytes());
    const auto first = some.compact(0);
    EXPECT_EQ(some.compact(1)->channels, all.compact(1)->channels);
    EXPECT_EQ(some.compact(0), first);  // still kept, and now used later than 1
    some.compact(2);
    EXPECT_EQ(some.compact(0), first);
    some.compact(3);
    some.compact(4);
    EXPECT_NE(some.compact(0), first);  // read again
    EXPECT_EQ(some.compact(0)->channels, first->channels);
}

TEST_F(NeuronIoDatasetTest, works_with_no_budget_and_more_files_than_may_be_open) {
    std::vector<std::string> paths;
    for (int k = 0; k < 70; ++k) {
        paths.push_back(write(fmt::format("f{}.h5", k),
                              {.n_simulations = 1, .n_steps = 5, .seed = std::uint64_t(k)}));
    }
    const NeuronIoDataset all(paths), none(paths, {.memory_budget_bytes = 0});
    EXPECT_FALSE(none.in_memory());
    for (std::int64_t k = 69; k >= 0; --k) {
        EXPECT_EQ(none.compact(k)->soma_voltage_mV, all.compact(k)->soma_voltage_mV);
    }
}

TEST_F(NeuronIoDatasetTest, tells_how_far_reading_is_and_may_be_broken_off) {
    struct Stop {};
    std::vector<std::int64_t> done;
    NeuronIoDatasetOptions options;
    options.progress = [&](std::int64_t now, std::int64_t total) {
        EXPECT_EQ(total, 3);
        done.push_back(now);
        if (now == 2) throw Stop{};
    };
    const std::string path = write("a.h5");
    EXPECT_THROW(NeuronIoDataset({path}, options), Stop);
    EXPECT_EQ(done, (std::vector<std::int64_t>{1, 2}));
}

TEST_F(NeuronIoDatasetTest, names_all_files_that_differ_from_the_first) {
    const std::string message = error_of({write("a.h5"), write("b.h5", {.n_segments = 5}),
                                          write("c.h5"), write("d.h5", {.n_steps = 61})});
    EXPECT_PRED2(has, message, "a.h5 has 8 channels and 60 steps");
    EXPECT_PRED2(has, message, "b.h5: 10 channels, 60 steps");
    EXPECT_PRED2(has, message, "d.h5: 8 channels, 61 steps");
    EXPECT_FALSE(has(message, "c.h5"));
}

TEST_F(NeuronIoDatasetTest, refuses_missing_double_empty_and_damaged_files) {
    EXPECT_PRED2(has, error_of({}), "there are no files");
    EXPECT_PRED2(has, error_of({folder_ / "none.h5"}), "there is no such file");
    const std::string path = write("a.h5");
    EXPECT_PRED2(has, error_of({path, folder_ / "./a.h5"}), "is given twice");
    EXPECT_PRED2(has, error_of({path}, {.selection = "3"}), "out of range");
    EXPECT_PRED2(has, error_of({write("no_steps.h5", {.n_steps = 0})}),
                 "3 simulations of 8 channels and 0 steps");
    EXPECT_PRED2(has, error_of({write("no_simulations.h5", {.n_simulations = 0})}),
                 "is not NeuronIO ground truth");

    const std::string text = folder_ / "text.h5";
    std::ofstream(text) << "not an HDF5 file";
    EXPECT_PRED2(has, error_of({text}), "is not an HDF5 file");
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
    EXPECT_PRED2(has, error_of({path}), "damaged or truncated");
}

TEST_F(NeuronIoDatasetTest, refuses_spikes_and_voltages_out_of_range) {
    const auto times = [&](std::vector<double> values) {
        return error_of({write_with<double>("output_spike_time_ms", values, FileType::f64)});
    };
    EXPECT_PRED2(has, times({3, 60}), "/sim_00000/output_spike_time_ms[1] is 60");
    EXPECT_PRED2(has, times({-1}), "/output_spike_time_ms[0] is -1");
    EXPECT_PRED2(has, times({3, 2}), "/output_spike_time_ms[1] is 2");
    EXPECT_PRED2(has, times({std::nan("")}), "/output_spike_time_ms[0] is nan");

    const auto voltages = [&](std::size_t count, float bad) {
        std::vector<float> values(count, -70.0f);
        values[2] = bad;
        return error_of({write_with<float>("soma_voltage_mV", values, FileType::f32)});
    };
    EXPECT_PRED2(has, voltages(60, std::nanf("")), "/soma_voltage_mV[2] is nan");
    EXPECT_PRED2(has, voltages(60, INFINITY), "/soma_voltage_mV[2] is inf");
    EXPECT_PRED2(has, voltages(60, 201), "/soma_voltage_mV[2] is 201, expected voltages in mV");
    EXPECT_PRED2(has, voltages(60, -201), "/soma_voltage_mV[2] is -201");
    EXPECT_PRED2(has, voltages(59, -60), "has shape (59), expected (60)");

    const auto channels = write_with<std::int32_t>("input_synapse", {8}, FileType::i32);
    EXPECT_PRED2(has, error_of({channels}), "input_");
}

TEST_F(NeuronIoDatasetTest, finds_bad_numbers_on_demand_when_they_are_read) {
    std::vector<float> values(60, -70.0f);
    values[7] = 1e6f;
    const NeuronIoDataset data({write_with<float>("soma_voltage_mV", values, FileType::f32)},
                               {.memory_budget_bytes = 0});
    EXPECT_PRED2(has, data_error([&] { data.compact(0); }), "/soma_voltage_mV[7] is 1000000");
}

}  // namespace
}  // namespace elm

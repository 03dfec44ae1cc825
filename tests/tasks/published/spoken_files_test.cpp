// Files in the layout of SHD and SSC: what they hold, how they are divided, what is refused; digits
// and their sums as tasks.

#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tasks/samples/open_samples.h"
#include "tasks/sets/set_source.h"
#include "tasks/speech/shd_file.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

namespace fs = std::filesystem;
using test::expect_part;

struct WrittenSample {
    std::vector<float> times;
    std::vector<std::int32_t> units;
    std::int32_t label;
};

/// Sample k: a spike of unit k at each of k + 1 times, 0.1 s apart.
std::vector<WrittenSample> made_up(std::int64_t count, std::int32_t n_classes = 20) {
    std::vector<WrittenSample> samples;
    for (std::int32_t k = 0; k < count; ++k) {
        WrittenSample sample{.times = {}, .units = {}, .label = k % n_classes};
        for (std::int32_t at = 0; at <= k % 8; ++at) {
            sample.times.push_back(0.125F * static_cast<float>(at));
            sample.units.push_back(k);
        }
        samples.push_back(std::move(sample));
    }
    return samples;
}

class SpokenFiles : public testing::Test {
protected:
    std::string path(const std::string& name) const { return folder_ / name; }

    void write(const std::string& name, const std::vector<WrittenSample>& samples) const {
        fs::create_directories(fs::path(path(name)).parent_path());
        Hdf5File file = Hdf5File::create(path(name));
        const std::int64_t count = std::ssize(samples);
        file.make_ragged("spikes/times", count, FileType::f16);
        file.make_ragged("spikes/units", count, FileType::u16);
        RaggedRows<float> times;
        RaggedRows<std::int32_t> units;
        std::vector<std::int32_t> labels;
        for (const WrittenSample& sample : samples) {
            times.add(sample.times);
            units.add(sample.units);
            labels.push_back(sample.label);
        }
        file.write_ragged("spikes/times", 0, times);
        file.write_ragged("spikes/units", 0, units);
        file.write<std::int32_t>("labels", {count}, labels, FileType::u16);
        file.close();
    }
    std::unique_ptr<Task> open(
        const std::string& name, const std::string& file,
        const std::vector<std::pair<std::string, std::string>>& chosen = {}) const {
        const TaskEntry& entry = find_task(name);
        OptionSet options = entry.options();
        Values given;
        for (const auto& [option, value] : chosen) {
            options.set(option, value);
            given[option] = to_values(options).at(option);
        }
        TaskInput input{.files = {path(file)}};
        input.samples = open_samples(entry, options, given, input);
        return entry.make(options, input);
    }
    std::string refusal(const std::string& name, const std::string& file) const {
        return test::message_of([&] {
            const auto task = open(name, file);
            Batch batch;
            task->fill({.size = 4, .count = 4}, batch);
        });
    }

    test::TemporaryDirectory folder_;
};

TEST_F(SpokenFiles, hold_what_was_written) {
    write("shd_train.h5", made_up(70));
    const auto file = ShdFile::open(path("shd_train.h5"), shd_classes);
    EXPECT_EQ(file->count(), 70);
    EXPECT_TRUE(file->speakers().empty());
    const SetColumns columns = file->read(60, 10, file->fields());
    for (std::int64_t k = 0; k < 10; ++k) {
        const auto events = column_of(columns, "events").at<float>(k);
        ASSERT_EQ(std::ssize(events), 2 * ((60 + k) % 8 + 1));
        EXPECT_EQ(events[1], static_cast<float>(60 + k));
        EXPECT_EQ(events[events.size() - 2], 0.125F * static_cast<float>((60 + k) % 8));
        EXPECT_EQ(column_of(columns, "label").at<std::uint8_t>(k)[0], k % 20);
    }
}

TEST_F(SpokenFiles, are_learnt_in_bins_of_any_width) {
    write("shd/shd_train.h5", made_up(200));
    write("shd/shd_test.h5", made_up(24));
    for (const auto& [width, steps] :
         std::vector<std::pair<std::string, std::int64_t>>{{"0.5", 2000}, {"50", 20}}) {
        const auto task = open("shd", "shd", {{"bin_ms", width}});
        EXPECT_EQ(task->spec().n_steps, steps);
        EXPECT_EQ(task->spec().step_ms, std::stod(width));
        EXPECT_EQ(task->spec().shape.n_input, 700);
        EXPECT_EQ(task->spec().shape.n_output, 20);
        EXPECT_EQ(task->count(Split::test), 24);
        EXPECT_EQ(task->count(Split::train) + task->count(Split::validation), 200);
        Batch batch;
        task->fill({.split = Split::test, .size = 24, .count = 24}, batch);
        batch.spikes.check();
        EXPECT_FALSE(batch.lengths.defined());
        for (std::int64_t k = 0; k < 24; ++k) {
            EXPECT_EQ(batch.targets.front().host<std::int32_t>()[static_cast<std::size_t>(k)],
                      k % 20);
            for (std::int64_t at = 0; at <= k % 8; ++at) {
                const auto row = batch.spikes.row(
                    k,
                    static_cast<std::int64_t>(125.0 * static_cast<double>(at) / std::stod(width)));
                EXPECT_TRUE(std::find(row.begin(), row.end(), k) != row.end());
            }
        }
    }
}

TEST_F(SpokenFiles, an_epoch_has_each_training_sample_once) {
    write("shd/shd_train.h5", made_up(200));
    write("shd/shd_test.h5", made_up(24));
    const auto task = open("shd", "shd");
    const std::int64_t count = task->count(Split::train);
    std::set<std::int32_t> seen;
    for (std::int64_t k = 0; k < count; ++k) {
        Batch batch;
        task->fill({.seed = 3, .index = k, .size = 1}, batch);
        seen.insert(batch.spikes.units.front());
    }
    EXPECT_EQ(std::ssize(seen), count);
}

TEST_F(SpokenFiles, sums_are_of_two_digits_behind_each_other) {
    write("shd/shd_train.h5", made_up(200));
    write("shd/shd_test.h5", made_up(40));
    const auto task = open("shd-adding", "shd", {{"bin_ms", "25"}});
    EXPECT_EQ(task->spec().n_steps, 80);
    EXPECT_EQ(task->spec().shape.n_output, 19);
    EXPECT_EQ(task->count(Split::train), 0);  // new ones for every batch
    EXPECT_EQ(task->count(Split::validation), 4000);
    EXPECT_EQ(task->count(Split::test), 16000);
    std::set<std::int32_t> sums;
    for (const Split split : {Split::train, Split::validation, Split::test}) {
        for (std::int64_t index = 0; index < 30; ++index) {
            Batch batch;
            task->fill({.split = split, .seed = 5, .index = index, .size = 8, .count = 8}, batch);
            for (std::int64_t k = 0; k < 8; ++k) {
                // The unit of a made-up sample is its number, and so tells its label.
                const std::int32_t first = batch.spikes.row(k, 0)[0] % 10;
                const std::int32_t second = batch.spikes.row(k, 40)[0] % 10;
                const std::int32_t sum =
                    batch.targets.front().host<std::int32_t>()[static_cast<std::size_t>(k)];
                EXPECT_EQ(sum, first + second);
                sums.insert(sum);
            }
        }
    }
    EXPECT_EQ(sums.size(), 19U);
}

TEST_F(SpokenFiles, training_pairs_follow_from_the_seed) {
    write("shd/shd_train.h5", made_up(200));
    write("shd/shd_test.h5", made_up(40));
    const auto task = open("shd-adding", "shd");
    const auto units = [&](std::uint64_t seed, Split split) {
        Batch batch;
        task->fill({.split = split, .seed = seed, .size = 8, .count = 8}, batch);
        return batch.spikes.units;
    };
    EXPECT_EQ(units(1, Split::train), units(1, Split::train));
    EXPECT_NE(units(1, Split::train), units(2, Split::train));
    EXPECT_EQ(units(1, Split::validation), units(2, Split::validation));
}

TEST_F(SpokenFiles, commands_have_a_validation_file) {
    write("ssc/ssc_train.h5", made_up(70, 35));
    write("ssc/ssc_valid.h5", made_up(35, 35));
    expect_part(refusal("ssc", "ssc"),
                "ssc has no ssc_test.h5; expected all of ssc_train.h5, "
                "ssc_valid.h5, ssc_test.h5.");
    write("ssc/ssc_test.h5", made_up(36, 35));
    const auto task = open("ssc", "ssc");
    EXPECT_EQ(task->spec().shape.n_output, 35);
    EXPECT_EQ(task->count(Split::train), 70);
    EXPECT_EQ(task->count(Split::validation), 35);
    EXPECT_EQ(task->count(Split::test), 36);
}

TEST_F(SpokenFiles, one_file_is_divided_as_asked_for) {
    write("shd_train.h5", made_up(50));
    const auto task = open("shd", "shd_train.h5");
    EXPECT_EQ(task->count(Split::train), 40);
    EXPECT_EQ(task->count(Split::validation), 5);
    EXPECT_EQ(task->count(Split::test), 5);
    const ShownSet shown = load_set(path("shd_train.h5"), 0, 10);
    EXPECT_EQ(shown.task->name, "shd");
    EXPECT_EQ(shown.kind().statistics({}, shown.samples).row("events").mean, 3.9);
}

TEST_F(SpokenFiles, say_what_is_wrong) {
    auto samples = made_up(20);
    samples[7].label = 20;
    write("shd_train.h5", samples);
    expect_part(refusal("shd", "shd_train.h5"), "sample 7 has the label 20; expected 0 to 19.");
    samples = made_up(20);
    for (auto& sample : samples) sample.units.back() = 700;
    write("shd_train.h5", samples);
    expect_part(refusal("shd", "shd_train.h5"), "unit 700; expected 0 to 699.");
    samples = made_up(20);
    for (auto& sample : samples) sample.times.front() = -0.25F;
    write("shd_train.h5", samples);
    expect_part(refusal("shd", "shd_train.h5"),
                "spike 0: a time of -0.25 s; expected a finite one from 0 on.");
    samples = made_up(20);
    for (auto& sample : samples) sample.times.push_back(1);
    write("shd_train.h5", samples);
    expect_part(refusal("shd", "shd_train.h5"), "times and");
    write("shd/shd_train.h5", made_up(20));
    expect_part(refusal("shd", "shd"), "shd has no shd_test.h5; expected all of");
    expect_part(refusal("spoken-adding", "shd"),
                "holds no samples of the task spoken-adding; expected a folder that elmsim "
                "generate spoken-digits made");
    // A file that was cut while it was copied.
    write("shd_train.h5", made_up(20));
    fs::resize_file(path("shd_train.h5"), fs::file_size(path("shd_train.h5")) / 2);
    expect_part(refusal("shd", "shd_train.h5"), "shd_train.h5");
}

TEST_F(SpokenFiles, a_task_without_files_says_what_to_bring) {
    const TaskEntry& entry = find_task("spoken-adding");
    OptionSet options = entry.options();
    expect_part(test::message_of([&] { entry.make(options, {}); }),
                "a folder that elmsim generate spoken-digits made");
}

}  // namespace
}  // namespace elm

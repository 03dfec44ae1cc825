#include "tasks/data/spikes/spike_file.h"

#include <cmath>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

class SpikeFile : public testing::Test {
protected:
    /// Writes arrays of spikes to a group, and returns the path of the file.
    std::string write(const std::vector<double>& times, const std::vector<std::int32_t>& units,
                      std::optional<double> duration_ms = {},
                      const std::pair<const char*, const char*>& names = {"/times", "/units"}) {
        const std::string path = folder_ / "spikes.h5";
        Hdf5File file = Hdf5File::create(path);
        const auto n_times = static_cast<std::int64_t>(times.size());
        const auto n_units = static_cast<std::int64_t>(units.size());
        file.write<double>(names.first, {n_times}, times, FileType::f64);
        file.write<std::int32_t>(names.second, {n_units}, units, FileType::i32);
        if (duration_ms) file.set_attribute("/", "duration_ms", *duration_ms);
        file.close();
        return path;
    }

    std::string error_of(const std::string& path, double time_step_ms = 1) {
        try {
            for (SampleInput& input : open_spike_file(path, 4, time_step_ms)) {
                input.source->next(input.n_steps);
            }
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::data);
            return error.message();
        }
        return "no error";
    }

    test::TemporaryDirectory folder_;
};

TEST_F(SpikeFile, puts_spikes_into_the_steps_that_hold_their_times) {
    const auto path = write({0.0, 0.3, 0.35, 0.6}, {1, 2, 0, 3});
    auto inputs = open_spike_file(path, 4, 0.1);
    ASSERT_EQ(inputs.size(), 1u);
    EXPECT_EQ(inputs[0].n_steps, 7);
    const SpikeTrain first = inputs[0].source->next(4), second = inputs[0].source->next(3);
    EXPECT_EQ(first.row(0, 0).size(), 1u);
    EXPECT_EQ(first.row(0, 3).size(), 2u);  // 0.3 / 0.1 rounds below 3
    EXPECT_EQ(second.row(0, 2)[0], 3);
    EXPECT_TRUE(inputs[0].source->next(5).units.empty());
}

TEST_F(SpikeFile, reads_many_blocks_as_one) {
    std::vector<double> times;
    std::vector<std::int32_t> units;
    for (int k = 0; k < 30000; ++k) {
        times.push_back(k / 10);
        units.push_back(k % 4);
    }
    auto inputs = open_spike_file(write(times, units), 4, 1);
    EXPECT_EQ(inputs[0].n_steps, 3000);
    EXPECT_EQ(inputs[0].source->next(3000).units.size(), 30000u);
}

TEST_F(SpikeFile, reads_sonata_populations) {
    auto inputs = open_spike_file(
        write({1, 2}, {0, 1}, 10, {"/spikes/cells/timestamps", "/spikes/cells/node_ids"}), 4, 1);
    ASSERT_EQ(inputs.size(), 1u);
    EXPECT_EQ(inputs[0].name, "cells");
    EXPECT_EQ(inputs[0].n_steps, 10);
}

TEST_F(SpikeFile, names_what_is_wrong) {
    const auto has = [](const std::string& message, const std::string& part) {
        return message.find(part) != std::string::npos;
    };
    EXPECT_PRED2(has, error_of(write({1, std::nan("")}, {0, 0}, 5)), "/times[1] is nan");
    EXPECT_PRED2(has, error_of(write({-1, 3}, {0, 0}, 5)), "/times[0] is -1 ms");
    EXPECT_PRED2(has, error_of(write({1, 9}, {0, 0}, 5)), "/times[1] is 9 ms");
    EXPECT_PRED2(has, error_of(write({1, 2}, {0, 4})), "/units[1] is 4, expected 0 to 3");
    EXPECT_PRED2(has, error_of(write({1, 2}, {-1, 0})), "/units[0] is -1");
    EXPECT_PRED2(has, error_of(write({1, 2}, {0})), "has shape (1), expected (2)");
    EXPECT_PRED2(has, error_of(write({}, {})), "has no length");
    EXPECT_PRED2(has, error_of(write({}, {}, 0)), "a duration of 0 ms");
}

TEST_F(SpikeFile, takes_a_silent_sample_of_known_length) {
    auto inputs = open_spike_file(write({}, {}, 20), 4, 1);
    EXPECT_EQ(inputs[0].n_steps, 20);
    EXPECT_TRUE(inputs[0].source->next(20).units.empty());
}

}  // namespace
}  // namespace elm

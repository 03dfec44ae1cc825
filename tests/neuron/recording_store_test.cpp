#include "neuron/cable/solver/recording_store.h"

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tests/neuron/small_cell.h"
#include "tests/support/devices.h"

namespace elm::cable {
namespace {

/// So many probes that what they see comes in several parts.
RunOptions many_probes(const Cell& cell) {
    RunOptions options;
    options.duration_ms = 75;
    const int segments = static_cast<int>(cell.compartments.segments.size());
    for (int k = 0; k < 2000; ++k) {
        const int every = k == 0 ? 5 : k == 1 ? 40 : 1;
        options.probes.push_back({Quantity::voltage, k % segments, "", every});
    }
    return options;
}

void expect_parts_to_make_the_whole(RunOptions options) {
    const Cell cell = small_cell();
    const std::vector<Trial> trials = some_trials(cell);
    const std::vector<TrialRecording> whole = simulate(cell, trials, options);
    std::vector<TrialRecording> joined(trials.size());
    std::vector<int> parts(trials.size());
    options.sink = [&](std::size_t trial, const TrialRecording& next) {
        auto& of_trial = joined[trial].recordings;
        of_trial.resize(next.recordings.size());
        for (std::size_t p = 0; p < of_trial.size(); ++p) {
            of_trial[p].insert(of_trial[p].end(), next.recordings[p].begin(),
                               next.recordings[p].end());
        }
        ++parts[trial];
    };
    const std::vector<TrialRecording> kept = simulate(cell, trials, options);
    ASSERT_EQ(kept.size(), trials.size());
    for (std::size_t trial = 0; trial < trials.size(); ++trial) {
        EXPECT_TRUE(kept[trial].recordings.front().empty());
        EXPECT_EQ(joined[trial].recordings, whole[trial].recordings) << trial;
        EXPECT_GE(parts[trial], 3) << trial;
    }
}

TEST(RecordingStore, hands_on_parts_that_make_the_whole) {
    for (const DType precision : {DType::f32, DType::f64}) {
        RunOptions options = many_probes(small_cell());
        options.precision = precision;
        expect_parts_to_make_the_whole(options);
    }
}

TEST(RecordingStore, hands_on_parts_that_make_the_whole_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    RunOptions options = many_probes(small_cell());
    options.probes.resize(3);
    options.device = test::cuda_devices().front();
    expect_parts_to_make_the_whole(options);
}

TEST(RecordingStore, a_sink_that_fails_ends_the_run) {
    const Cell cell = small_cell();
    RunOptions options = many_probes(cell);
    options.sink = [](std::size_t, const TrialRecording&) {
        throw Error(ErrorKind::write, "the disk is full");
    };
    EXPECT_THROW(simulate(cell, some_trials(cell), options), Error);
}

}  // namespace
}  // namespace elm::cable

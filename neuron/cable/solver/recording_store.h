#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "neuron/cable/solver/cable_run.h"

namespace elm::cable {

/// Where the values go that the probes of a run read, in the order of time: kept for the caller of
/// simulate(), or with a sink, handed on a part at a time, so that memory does not grow with the
/// run. Threads may serve different trials at the same time.
class RecordingStore {
public:
    RecordingStore(const RunOptions& options, std::size_t trials, int steps);

    void put(std::size_t trial, std::size_t probe, float value) {
        recordings_[trial].recordings[probe].push_back(value);
    }
    /// After the probes were read at `step` (0 to the last one) for trials [first, first + count).
    void finish_step(int step, std::size_t first, std::size_t count) {
        if (sink_ && (step % steps_between_parts_ == 0 || step == steps_)) hand_on(first, count);
    }
    void hand_on(std::size_t first, std::size_t count);

    /// Everything; with a sink, nothing is left.
    std::vector<TrialRecording> take() { return std::move(recordings_); }

private:
    const RecordingSink& sink_;
    int steps_, steps_between_parts_ = 1;
    std::vector<TrialRecording> recordings_;
    std::mutex handing_on_;
};

}  // namespace elm::cable

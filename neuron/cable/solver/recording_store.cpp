#include "neuron/cable/solver/recording_store.h"

#include <algorithm>

namespace elm::cable {
namespace {

constexpr double most_values = 16e6;  // that wait for the sink, of all trials: 64 MB

}  // namespace

RecordingStore::RecordingStore(const RunOptions& options, std::size_t trials, int steps)
    : sink_(options.sink), steps_(steps), recordings_(trials) {
    double per_step = 0;
    for (const Probe& probe : options.probes) {
        per_step += static_cast<double>(trials) / probe.every_steps;
    }
    steps_between_parts_ =
        static_cast<int>(std::clamp(most_values / std::max(per_step, 1e-9), 1.0, 1e9));
    const int together = sink_ ? std::min(steps, steps_between_parts_) : steps;
    for (TrialRecording& recording : recordings_) {
        recording.recordings.resize(options.probes.size());
        for (std::size_t p = 0; p < options.probes.size(); ++p) {
            recording.recordings[p].reserve(
                static_cast<std::size_t>(together / options.probes[p].every_steps) + 1);
        }
    }
}

void RecordingStore::hand_on(std::size_t first, std::size_t count) {
    if (!sink_) return;
    const std::lock_guard guard(handing_on_);
    for (std::size_t trial = first; trial < first + count; ++trial) {
        sink_(trial, recordings_[trial]);
        for (std::vector<float>& values : recordings_[trial].recordings) values.clear();
    }
}

}  // namespace elm::cable

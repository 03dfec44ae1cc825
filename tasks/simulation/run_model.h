#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "baselines/fitted_model.h"
#include "tasks/data/spikes/spike_source.h"
#include "tasks/report/plot.h"
#include "tasks/simulation/recording_writer.h"
#include "tasks/simulation/run_output.h"

namespace elm {

/// Steps of a run: what is kept begins at `first`, all ends before `end`.
struct Stretch {
    std::int64_t first = 0, end = 0;
};

/// The steps from `start_ms` to `stop_ms` of samples on a grid of `time_step_ms`; a stop past the
/// end of the longest sample is its end. Throws Error{invalid} where no step is left.
Stretch find_stretch(const std::vector<SampleInput>& inputs, double time_step_ms, double start_ms,
                     double stop_ms);

/// One run of a model over samples of spikes, from t = 0, and what is kept of it.
struct ModelRun {
    std::string name;  // of the model, as the recording and the picture say it
    std::vector<SampleInput> inputs;
    Stretch stretch = {};  // of what is kept; the run starts at 0
    RecordingChoice record = {};
    RunOutput output = {};
    std::string truth_path = {};  // NeuronIO data with the ground truth of that sample, or empty
    /// Gets neuron-steps done and seconds since the start, between pieces of work. May throw, which
    /// ends the run and leaves no recording.
    std::function<void(std::int64_t, double)> progress = {};
};

/// Steps of all samples of the run together.
std::int64_t neuron_steps_of(const ModelRun& run);

struct ModelRunResult {
    std::int64_t neuron_steps = 0, longest = 0;  // steps of all samples, of the longest
    std::int64_t input_spikes = 0;
    double seconds = 0;
    std::optional<Figure> figure = {};
};

/// Runs all samples, at most 64 side by side. Throws Error{invalid} for no sample,
/// Error{numeric} for an output that is not finite, Error{write}, and
/// as OutputFile does where the recording may not be written.
ModelRunResult run_model(Stream& stream, const FittedModel& model, const ModelRun& run);

/// `path` where it is NeuronIO data that a model of this time step can be drawn beside, else empty.
std::string find_ground_truth(const std::string& path, double time_step_ms);

}  // namespace elm

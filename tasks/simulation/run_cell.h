#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "neuron/cable/solver/cable_run.h"
#include "tasks/data/spikes/spike_source.h"
#include "tasks/report/plot.h"
#include "tasks/simulation/cell_places.h"
#include "tasks/simulation/run_output.h"

namespace elm {

/// One run of a detailed cell over samples of synaptic events and currents, from t = 0, and what is
/// kept of it.
struct CellRun {
    std::vector<SampleInput> inputs;            // none: one sample without synaptic events
    std::int64_t first_event_step = 0;          // events before it are left out
    std::vector<cable::CurrentClamp> currents;  // into every sample
    std::vector<CellProbe> probes;
    int every_steps = 1;        // between recorded values
    double duration_ms = 0;     // where there are no inputs; else that of the longest
    cable::RunOptions options;  // time step, scheme, precision, device
    RunOutput output = {};
    bool warns_of_silence = true;  // of synapses that an event at 0 silences, of empty input
    /// Gets simulated ms done, of all samples, and seconds since the start. Once it returned
    /// false it does so from then on: the run stops and leaves no recording.
    std::function<bool(double, double)> progress = {};
};

struct CellRunResult {
    std::int64_t samples = 0, steps = 0, spikes = 0;  // steps of one sample, spikes of all
    double duration_ms = 0, seconds = 0;              // simulated, of one sample; of the run
    std::optional<Figure> figure = {};
    cable::Trial first = {};  // what the first sample was given
};

/// Steps of `dt_ms` between recorded values `every_ms` apart, or about 0.1 ms where that is not
/// given. Throws Error{invalid} for what is no multiple of the step.
int steps_between_values(double dt_ms, std::optional<double> every_ms);

/// Length of the run in ms.
double duration_of(const CellRun& run);

/// Runs all samples, at most 64 side by side; nothing where `progress` stopped it. What is neither
/// kept nor drawn is not read either. Throws Error{numeric} for a cell whose state is not finite,
/// Error{write}, and as OutputFile does where the recording may not be written.
std::optional<CellRunResult> run_cell(const cable::Cell& cell, const CellRun& run);

}  // namespace elm

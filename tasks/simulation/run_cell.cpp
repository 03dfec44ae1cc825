#include "tasks/simulation/run_cell.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/output_file.h"
#include "tasks/simulation/cell_recording.h"
#include "tasks/simulation/cell_warnings.h"

namespace elm {
namespace {

constexpr std::size_t most_samples = 64;  // that run together
constexpr double default_sample_ms = 0.1;

std::size_t n_samples(const CellRun& run) { return std::max<std::size_t>(1, run.inputs.size()); }

/// Takes the events of a sample from its source, on the grid of time steps.
cable::Trial take_sample(const CellRun& run, std::size_t index) {
    cable::Trial trial{{}, run.currents};
    if (run.inputs.empty()) return trial;
    const SampleInput& input = run.inputs[index];
    constexpr std::int64_t steps_at_once = 65536;
    for (std::int64_t begin = 0; begin < input.n_steps; begin += steps_at_once) {
        const std::int64_t count = std::min(steps_at_once, input.n_steps - begin);
        const SpikeTrain spikes = input.source->next(count);
        for (std::int64_t step = std::max(begin, run.first_event_step); step < begin + count;
             ++step) {
            for (const std::int32_t channel : spikes.row(0, step - begin)) {
                trial.events.push_back({static_cast<double>(step) * run.options.dt_ms, channel});
            }
        }
    }
    return trial;
}

/// The output file of a run, one group per sample.
class CellOutput {
public:
    CellOutput(const CellRun& run, const cable::Cell& cell, const CellRecorder& recorder)
        : output_(run.output.path, run.output.force),
          file_(Hdf5File::create(output_.temporary_path())) {
        output_.require_room(
            recorder.bytes_of(duration_of(run)) * static_cast<double>(n_samples(run)),
            run.output.remedy);
        file_.set_attribute("/", "format", std::string("elm-recording"));
        file_.set_attribute("/", "model", cell.name);
        file_.set_attribute("/", "time_step_ms", recorder.sample_ms());
        file_.set_attribute("/", "start_ms", 0.0);
        file_.write_string("/config", run.output.config);
    }
    Hdf5File& file() { return file_; }
    void finish() {
        file_.close();
        output_.commit();
    }

private:
    OutputFile output_;
    Hdf5File file_;
};

}  // namespace

int steps_between_values(double dt_ms, std::optional<double> every_ms) {
    const double steps = every_ms.value_or(default_sample_ms) / dt_ms;
    if (!every_ms) return std::max(1, static_cast<int>(std::lround(steps)));
    ELM_CHECK(steps >= 1 && steps < 1e9 && std::abs(steps - std::round(steps)) < 1e-6 * steps,
              "expected a multiple of the time step, {} ms, between recorded values (got {} ms).",
              dt_ms, *every_ms);
    return static_cast<int>(std::lround(steps));
}

double duration_of(const CellRun& run) {
    double longest_ms = run.inputs.empty() ? run.duration_ms : 0;
    for (const SampleInput& input : run.inputs) {
        longest_ms = std::max(longest_ms, static_cast<double>(input.n_steps) * run.options.dt_ms);
    }
    return longest_ms;
}

std::optional<CellRunResult> run_cell(const cable::Cell& cell, const CellRun& run) {
    const bool keeps = !run.output.path.empty();
    std::vector<CellProbe> probes = run.probes;
    std::erase_if(
        probes, [&](const CellProbe& probe) { return !keeps && (!run.output.draws || probe.all); });
    const CellRecorder recorder(cell, std::move(probes), run.options.dt_ms, run.every_steps);
    cable::RunOptions options = run.options;
    options.probes = recorder.probes();
    options.duration_ms = duration_of(run);
    std::optional<CellOutput> output;
    if (keeps) output.emplace(run, cell, recorder);
    CellRunResult result{.samples = static_cast<std::int64_t>(n_samples(run)),
                         .steps = std::llround(options.duration_ms / options.dt_ms),
                         .duration_ms = options.duration_ms};
    const auto start = std::chrono::steady_clock::now();
    const auto seconds = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    InputWatch watch;
    for (std::size_t begin = 0; begin < n_samples(run); begin += most_samples) {
        const std::size_t end = std::min(begin + most_samples, n_samples(run));
        std::vector<cable::Trial> batch;
        std::vector<CellSample> running;
        for (std::size_t at = begin; at < end; ++at) {
            batch.push_back(take_sample(run, at));
            watch.add(batch.back());
            running.emplace_back(recorder, run.inputs.empty() ? "run" : run.inputs[at].name,
                                 options.duration_ms);
            if (output) running.back().write_to(output->file());
            if (run.output.draws && at == 0) running.back().keep_traces();
        }
        const auto goes_on = [&](std::int64_t steps) {
            const double ms = static_cast<double>(begin) * options.duration_ms +
                              static_cast<double>(steps) * options.dt_ms;
            return !run.progress || run.progress(ms, seconds());
        };
        options.progress = [&](std::int64_t done, std::int64_t) { return goes_on(done); };
        options.sink = [&](std::size_t trial, const cable::TrialRecording& next) {
            running[trial].add(next);
        };
        cable::simulate(cell, batch, options);
        if (!goes_on(result.steps * std::ssize(batch))) return std::nullopt;
        for (CellSample& sample : running) {
            sample.finish();
            result.spikes += std::ssize(sample.spike_times());
        }
        if (begin > 0) continue;
        if (run.output.draws) result.figure = running.front().figure(batch.front());
        result.first = std::move(batch.front());
    }
    result.seconds = seconds();
    if (output) output->finish();
    if (!run.inputs.empty() && run.warns_of_silence) watch.warn(cell);
    return result;
}

}  // namespace elm

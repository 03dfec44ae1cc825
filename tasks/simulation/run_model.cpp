#include "tasks/simulation/run_model.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <span>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/output_file.h"
#include "tasks/neuronio/neuronio_file.h"
#include "tasks/simulation/simulation_plot.h"

namespace elm {
namespace {

constexpr std::int64_t most_samples = 64;     // that run together
constexpr std::int64_t rows_at_once = 32768;  // samples x steps of one run: bounds the memory

SequenceTrace to_host(const SequenceTrace& trace, Stream& host) {
    const auto copy = [&](const Tensor& tensor) {
        return tensor.defined() && tensor.device().kind != DeviceKind::cpu ? tensor.to(host)
                                                                           : tensor;
    };
    return {copy(trace.output), copy(trace.memory), copy(trace.branches)};
}

void require_finite(const Tensor& output, std::int64_t first_step) {
    visit_real(output.dtype(), [&]<class Real>(Real) {
        const auto values = output.host<Real>();
        const auto bad = std::find_if(values.begin(), values.end(),
                                      [](Real value) { return !std::isfinite(value); });
        if (bad == values.end()) return;
        const std::int64_t row = (bad - values.begin()) / output.shape()[2];
        throw Error(ErrorKind::numeric,
                    fmt::format("the output stopped being finite in step {} of sample {}. Check "
                                "the weights and time constants of the model.",
                                first_step + row % output.shape()[1], row / output.shape()[1]));
    });
}

/// Outputs that a run fills as it goes.
struct Running {
    Stream& stream;
    const FittedModel& model;
    const ModelRun& run;
    std::optional<RecordingWriter> writer = {};
    std::optional<SimulationPlot> plot = {};
    ModelRunResult result = {};

    void run_batch(std::size_t begin, std::size_t end, const std::function<void()>& tick);
};

/// Runs samples [begin, end) together, chunk by chunk.
void Running::run_batch(std::size_t begin, std::size_t end, const std::function<void()>& tick) {
    const std::span inputs = std::span(run.inputs).subspan(begin, end - begin);
    const auto n_samples = static_cast<std::int64_t>(inputs.size());
    std::int64_t longest = 0;
    for (const SampleInput& input : inputs) longest = std::max(longest, input.n_steps);
    longest = std::min(longest, run.stretch.end);
    const std::int64_t chunk_steps = std::clamp<std::int64_t>(rows_at_once / n_samples, 256, 2048);
    if (writer) {
        for (const SampleInput& input : inputs) writer->add_sample(input.name, chunk_steps);
    }
    Stream host{Device{}};
    const auto runner = model.model->runner(stream);
    runner->start(stream, n_samples, {run.record.memory, run.record.branches});
    for (std::int64_t step = 0; step < longest; step += chunk_steps) {
        const std::int64_t count = std::min(chunk_steps, longest - step);
        std::vector<SpikeTrain> parts;
        for (const SampleInput& input : inputs) {
            parts.push_back(input.source->next(count));
            result.input_spikes += std::ssize(parts.back().units);
        }
        const SpikeTrain spikes = n_samples == 1 ? parts.front() : stack_samples(parts);
        const SequenceTrace trace = to_host(runner->advance(stream, spikes), host);
        require_finite(trace.output, step);
        for (std::int64_t index = 0; index < n_samples; ++index) {
            const SampleInput& input = inputs[static_cast<std::size_t>(index)];
            const std::int64_t stop = std::min({count, input.n_steps - step, longest - step});
            result.neuron_steps += std::max<std::int64_t>(0, stop);
            if (!writer) continue;
            writer->append(input.name, trace, index,
                           std::max<std::int64_t>(0, run.stretch.first - step), stop);
        }
        if (plot && begin == 0) plot->add(parts.front(), trace.output);
        tick();
    }
    result.longest = std::max(result.longest, longest);
}

}  // namespace

Stretch find_stretch(const std::vector<SampleInput>& inputs, double time_step_ms, double start_ms,
                     double stop_ms) {
    Stretch stretch;
    for (const SampleInput& input : inputs) stretch.end = std::max(stretch.end, input.n_steps);
    const double length_ms = static_cast<double>(stretch.end) * time_step_ms;
    ELM_CHECK(start_ms >= 0 && start_ms < std::min(stop_ms, length_ms),
              "from {} to {} ms: expected a stretch of the input, which is {} ms long.", start_ms,
              stop_ms, length_ms);
    stretch.first = static_cast<std::int64_t>(std::llround(start_ms / time_step_ms));
    if (stop_ms < length_ms) {
        stretch.end = static_cast<std::int64_t>(std::llround(stop_ms / time_step_ms));
    }
    ELM_CHECK(stretch.first < stretch.end, "from {} to {} ms: both are in the same step.", start_ms,
              stop_ms);
    return stretch;
}

std::int64_t neuron_steps_of(const ModelRun& run) {
    std::int64_t steps = 0;
    for (const SampleInput& input : run.inputs) steps += std::min(input.n_steps, run.stretch.end);
    return steps;
}

ModelRunResult run_model(Stream& stream, const FittedModel& model, const ModelRun& run) {
    ELM_CHECK(!run.inputs.empty(), "there is no input to run the model {} on.", run.name);
    Running running{stream, model, run};
    const Stretch& stretch = run.stretch;
    std::optional<OutputFile> output;
    const std::int64_t kept = neuron_steps_of(run) - stretch.first * std::ssize(run.inputs);
    if (!run.output.path.empty()) {
        output.emplace(run.output.path, run.output.force);
        output->require_room(static_cast<double>(kept) * bytes_of_step(model, run.record),
                             run.output.remedy);
        running.writer.emplace(output->temporary_path(), model, run.record, run.name,
                               run.output.config, stretch.first);
    }
    if (run.output.draws) {
        const SampleInput& first = run.inputs.front();
        if (run.inputs.size() > 1) log::info("drawing the first sample, {}", first.name);
        running.plot.emplace(model, std::filesystem::path(run.name).stem().string(), first.name,
                             stretch.first, std::min(first.n_steps, stretch.end),
                             PlotReference{run.truth_path, run.name == "leaky-integrator"});
    }
    const auto start = std::chrono::steady_clock::now();
    ModelRunResult& result = running.result;
    const auto tick = [&] {
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        result.seconds = took.count();
        if (run.progress) run.progress(result.neuron_steps, result.seconds);
    };
    for (std::size_t begin = 0; begin < run.inputs.size(); begin += most_samples) {
        running.run_batch(begin, std::min(begin + most_samples, run.inputs.size()), tick);
    }
    if (output) {
        running.writer->close();
        output->commit();
    }
    if (result.input_spikes == 0) log::warn("there is no input spike within the run");
    if (running.plot) result.figure = running.plot->figure();
    return std::move(result);
}

std::string find_ground_truth(const std::string& path, double time_step_ms) {
    const bool found = time_step_ms == 1 && Hdf5File::is_hdf5(path) &&
                       NeuronIoFile::is_neuronio(Hdf5File::open(path));
    return found ? path : std::string();
}

}  // namespace elm

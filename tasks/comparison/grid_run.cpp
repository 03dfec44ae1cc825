#include "tasks/comparison/grid_run.h"

#include <chrono>
#include <new>
#include <utility>

#include <fmt/format.h>

#include "baselines/model_file.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/core/support/parallel.h"
#include "tasks/comparison/energy_meter.h"
#include "tasks/comparison/gpu_energy_meter.h"
#include "tasks/training/plan/checkpoint_match.h"

namespace elm {
namespace {

void note_training(const PlannedRun& run, const Task& task, CellResult& result) {
    Training& training = *run.training;
    const TrainingSettings& settings = training.settings();
    const TimeSpent& spent = training.time_spent();
    const auto samples = static_cast<double>(settings.samples_per_update());
    SequenceModel& model = *training.fitted().model;
    result.parameters = trainable_count(training.module());
    result.updates = training.update_count();
    result.samples = result.updates * settings.samples_per_update();
    result.flops = training.work().flops;
    const double trained = flops_per_sample(task.spec(), model);
    constexpr double passes = 3;  // that flops_per_sample() counts
    result.flops_per_update = trained * samples;
    result.flops_per_sample = trained / passes;
    result.training_seconds = spent.training;
    result.validation_seconds = spent.validation;
    if (spent.training > 0) {
        result.training_rate = static_cast<double>(result.samples) / spent.training;
    }
    result.peak_memory_bytes = run.passes.bytes;
    result.curve = training.validations();
    if (const Validation* const best = training.best(); best != nullptr) {
        result.best_update = best->update;
        result.validation = best->scores;
    }
}

void note_scores(Stream& stream, const Task& task, const FittedModel& model, CellResult& result) {
    const TaskSpec& spec = task.spec();
    const Split split = scored_split(spec);
    const auto count = static_cast<double>(task.count(split));
    if (scores_by_sample(spec)) {
        result.on_samples =
            score_samples(task, stream, model, split, calibration(task, stream, model));
        result.scores = metrics_of(spec, result.on_samples.sums);
        result.inference_rate = count / result.on_samples.seconds;
        return;
    }
    const auto start = std::chrono::steady_clock::now();
    result.scores = task.score(stream, model, split, 0).values;
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    result.inference_rate = count / passed.count();
}

/// Notes in the result what ended a cell, and whether the others go on all the same.
bool ends_cell_alone(const Error& error, CellResult& result) {
    if (error.kind() != ErrorKind::numeric && error.kind() != ErrorKind::memory) return false;
    result.state = error.kind() == ErrorKind::numeric ? CellState::diverged : CellState::no_memory;
    result.message = error.message();
    return true;
}

void train_and_score(Stream& stream, const Task& task, RunPlan& plan, Communicator& alone,
                     DType precision, bool resumed, const std::function<void()>& poll,
                     CellResult& result) {
    PlannedRun& run = plan.runs().front();
    try {
        plan.prepare(alone);
        EnergyMeter meter;
        const GpuEnergyMeter gpu_meter(pci_address(stream.device()));
        const auto polled = [&] {
            meter.joules();  // follows counters that begin anew
            poll();
        };
        plan.train(alone, polled);
        // Of a run that was cut only the last piece was metered.
        if (!resumed) {
            result.joules = meter.joules().value_or(CellResult::unknown);
            result.gpu_joules = gpu_meter.joules().value_or(CellResult::unknown);
        }
        note_training(run, task, result);
        note_scores(stream, task, load_model(stream, run.files.model(), precision), result);
        return;
    } catch (const Error& error) {
        if (!ends_cell_alone(error, result)) throw;
    } catch (const std::bad_alloc&) {
        result.state = CellState::no_memory;
        result.message =
            "the memory of the machine is full. Choose shorter samples or a smaller batch or model";
    }
    if (run.training != nullptr) note_training(run, task, result);
    result.validation.clear();
    result.scores.clear();
    result.on_samples = {};
}

CellResult read_finished(const std::string& path, const TaskSpec& spec) {
    try {
        return read_cell_result(path, spec);
    } catch (const Error& error) {
        throw Error(error.kind(),
                    fmt::format("{} Or take it away: its cell then runs again.", error.message()));
    }
}

}  // namespace

std::string result_path(const std::string& folder) { return folder + "/result.h5"; }

CellResult run_cell_of_grid(Stream& stream, const Task& task, const PlanOptions& options,
                            const std::function<void()>& poll) {
    PlanOptions untimed_test = options;
    untimed_test.times_test = false;  // all samples are compared
    Communicator alone;  // threads of the plan ask it for their share as long as they live
    RunPlan plan(stream, task, std::move(untimed_test));
    ELM_ASSERT(plan.runs().size() == 1);
    plan.claim();
    const PlannedRun& run = plan.runs().front();
    CellResult result{.model = run.spec.model,
                      .seed = run.seed,
                      .device = to_string(stream.device()),
                      .precision = std::string(name_of(options.precision)),
                      .threads = thread_count()};
    train_and_score(stream, task, plan, alone, options.precision, options.resume, poll, result);
    if (!result.done()) {
        log::warn("{}: {}, and is left out: {}", options.out, name_of(result.state),
                  result.message);
    }
    result.config = run.config;
    write_cell_result(result_path(options.out), result, task.spec(),
                      options.force || options.resume);
    return result;
}

CellResult finished_cell(Stream& stream, const Task& task, const PlanOptions& options) {
    const std::string path = result_path(options.out);
    CellResult result = read_finished(path, task.spec());
    const RunPlan plan(stream, task, options);
    Config before = result.config;
    Config now = plan.configuration_of_run(plan.runs().front());
    // How a batch passes is no part of what is computed.
    before.sections["training"]["memory_limit"] = now.sections.at("training").at("memory_limit");
    before.sections["training"]["precision"] = result.precision;
    now.sections["training"]["precision"] = std::string(name_of(options.precision));
    const std::string found = differences(before, now, options.config_section);
    ELM_CHECK(found.empty(),
              "{} is of another comparison: {}. Cells are compared under one budget and on the "
              "same data: use the options that it was made with, or another folder.",
              path, found);
    return result;
}

}  // namespace elm

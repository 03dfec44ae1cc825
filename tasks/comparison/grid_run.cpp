#include "tasks/comparison/grid_run.h"

#include <chrono>
#include <cmath>
#include <filesystem>
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
#include "tasks/training/plan/resume_point.h"
#include "tasks/training/plan/stages.h"

namespace elm {
namespace {

/// Adds what a stage took to that of those before it; all else is that of the last one.
void note_training(const PlannedRun& run, const Task& task, CellResult& result) {
    Training& training = *run.training;
    const TrainingSettings& settings = training.settings();
    const TimeSpent& spent = training.time_spent();
    const auto samples = static_cast<double>(settings.samples_per_update());
    SequenceModel& model = *training.fitted().model;
    result.parameters = trainable_count(training.module());
    result.updates += training.update_count();
    result.samples += training.update_count() * settings.samples_per_update();
    result.flops += training.work().flops;
    const double trained = flops_per_sample(task.spec(), model);
    constexpr double passes = 3;  // that flops_per_sample() counts
    result.flops_per_update += trained * samples;
    result.flops_per_sample = trained / passes;
    result.training_seconds += spent.training;
    result.validation_seconds += spent.validation;
    if (result.training_seconds > 0) {
        result.training_rate = static_cast<double>(result.samples) / result.training_seconds;
    }
    result.peak_memory_bytes = std::fmax(result.peak_memory_bytes, run.passes.bytes);
    const std::int64_t earlier = result.updates - training.update_count();
    result.curve = training.validations();
    for (Validation& validation : result.curve) validation.update += earlier;
    if (const Validation* const best = training.best(); best != nullptr) {
        result.best_update = earlier + best->update;
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

/// What stage `index` asks of a cell's run, after what those before it left.
PlanOptions in_stage(const ComparisonStages& curriculum, std::size_t index, const Task& task,
                     const PlanOptions& cell, StagesDone& before) {
    PlanOptions options = cell;
    if (curriculum.section.empty()) return options;
    const std::string& name = task.spec().name;
    options.whole = configuration_of(cell);
    options.whole.sections[curriculum_section] = curriculum.section;
    options.config.sections[name] = curriculum.task_options[index];
    choose_stage(curriculum.stages, index, name, before, options);
    return options;
}

void train_and_score(Stream& stream, const Task& task, const PlanOptions& cell,
                     const ComparisonStages& curriculum, const std::function<void()>& poll,
                     CellResult& result) {
    Communicator alone;  // threads of a plan ask it for their share as long as they live
    StagesDone done;
    std::unique_ptr<RunPlan> plan;
    bool noted = true;  // what the plan took
    std::size_t stage = 0;
    const std::size_t last = curriculum.stages.size() - 1;
    const auto own_task = [&]() -> const Task& {
        return stage == last ? task : *curriculum.earlier_tasks[stage];
    };
    try {
        EnergyMeter meter;
        const GpuEnergyMeter gpu_meter(pci_address(stream.device()));
        const auto polled = [&] {
            meter.joules();  // follows counters that begin anew
            poll();
        };
        for (; stage <= last; ++stage) {
            plan = std::make_unique<RunPlan>(stream, own_task(),
                                             in_stage(curriculum, stage, task, cell, done));
            ELM_ASSERT(plan->runs().size() == 1);
            plan->claim();
            if (last > 0) {
                log::info("stage {} of {}: {}", stage + 1, last + 1, own_task().summary());
            }
            noted = false;
            plan->prepare(alone);
            plan->train(alone, polled);
            note_training(plan->runs().front(), own_task(), result);
            noted = true;
            done.add(curriculum.stages[stage], stage, *plan, true);
        }
        // Of a run that was cut only the last piece was metered.
        if (!cell.resume) {
            result.joules = meter.joules().value_or(CellResult::unknown);
            result.gpu_joules = gpu_meter.joules().value_or(CellResult::unknown);
        }
        const std::string& model = plan->runs().front().files.model();
        note_scores(stream, task, load_model(stream, model, cell.precision), result);
        return;
    } catch (const Error& error) {
        if (!ends_cell_alone(error, result)) throw;
    } catch (const std::bad_alloc&) {
        result.state = CellState::no_memory;
        result.message =
            "the memory of the machine is full. Choose shorter samples or a smaller batch or model";
    }
    if (!noted && plan->runs().front().training != nullptr) {
        note_training(plan->runs().front(), own_task(), result);
    }
    if (last > 0 && stage <= last) {
        result.message = fmt::format("stage {} of {}: {}", stage + 1, last + 1, result.message);
    }
    result.validation.clear();
    result.scores.clear();
    result.on_samples = {};
}

/// By which a finished cell is known again.
Config configuration_of_cell(Stream& stream, const Task& task, const PlanOptions& options,
                             const ComparisonStages& curriculum) {
    const RunPlan plan(stream, task, options);
    Config config = plan.configuration_of_run(plan.runs().front());
    if (!curriculum.section.empty()) {
        config.sections[curriculum_section] = curriculum.section;
    }
    return config;
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

bool has_checkpoint(const std::string& folder) {
    std::error_code missing;
    return std::filesystem::exists(RunFiles(folder).checkpoint(), missing) ||
           std::filesystem::exists(RunFiles(folder + "/stage-1").checkpoint(), missing);
}

CellResult run_cell_of_grid(Stream& stream, const Task& task, const PlanOptions& options,
                            const ComparisonStages& curriculum, const std::function<void()>& poll) {
    PlanOptions untimed_test = options;
    untimed_test.times_test = false;  // all samples are compared
    CellResult result{.model = options.models.front(),
                      .seed = options.seed,
                      .device = to_string(stream.device()),
                      .precision = std::string(name_of(options.precision)),
                      .threads = thread_count()};
    result.config = configuration_of_cell(stream, task, options, curriculum);
    train_and_score(stream, task, untimed_test, curriculum, poll, result);
    if (!result.done()) {
        log::warn("{}: {}, and is left out: {}", options.out, name_of(result.state),
                  result.message);
    }
    write_cell_result(result_path(options.out), result, task.spec(),
                      options.force || options.resume);
    return result;
}

CellResult finished_cell(Stream& stream, const Task& task, const PlanOptions& options,
                         const ComparisonStages& curriculum) {
    const std::string path = result_path(options.out);
    CellResult result = read_finished(path, task.spec());
    Config before = result.config;
    Config now = configuration_of_cell(stream, task, options, curriculum);
    add_new_options(before, now);
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

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "baselines/fitted_model.h"
#include "kernels/core/communicator.h"
#include "kernels/io/toml_config.h"
#include "tasks/task.h"
#include "tasks/training/budget.h"
#include "tasks/training/plan/memory_plan.h"
#include "tasks/training/plan/plan_options.h"
#include "tasks/training/record/run_files.h"
#include "tasks/training/trainer.h"

namespace elm {

/// One run of a plan.
struct PlannedRun {
    std::string name;        // "elm-20", "lstm-seed3"
    std::string model_name;  // without the seed
    ModelSpec spec;
    std::uint64_t seed = 0;
    std::string init_from;              // a model file; empty: begins anew
    WorkDone earlier = {};              // that went into it
    std::function<FittedModel()> make;  // its parameters not allocated yet
    RunFiles files = {};
    Config config = {};
    PassPlan passes = {};
    std::unique_ptr<Training> training = nullptr;
};

/// Models times sizes times seeds on one task, and where each of them leaves what it makes.
class RunPlan {
public:
    /// Throws Error{invalid} for options that contradict each other and unknown names, with the
    /// nearest. `task` and `stream` must outlive this.
    RunPlan(Stream& stream, const Task& task, PlanOptions options);

    const Task& task() const noexcept { return task_; }
    const std::vector<PlannedRun>& runs() const noexcept { return runs_; }
    std::vector<PlannedRun>& runs() noexcept { return runs_; }
    /// Names of the files of the whole plan.
    const RunFiles& files() const noexcept { return all_; }

    /// Keeps other programs from the files, as RunFiles::claim.
    void claim();
    /// Makes the trainings, and resumes those that have a checkpoint. Throws Error{invalid} for a
    /// checkpoint of another run, listing all differences.
    void prepare(Communicator& processes);
    /// Trains all to their end; `poll` as in tasks/training/trainer.h.
    void train(Communicator& processes, const std::function<void()>& poll);

    std::vector<TrainerRun> trainer_runs();
    /// What makes the same runs again.
    Config configuration() const;
    /// Configuration that a checkpoint must agree in before a run goes on from it.
    Config configuration_of_run(const PlannedRun& run) const;
    /// The files in which prepare() leaves such configurations.
    std::vector<std::string> configuration_files() const;

private:
    void add_runs(const std::string& model, std::uint64_t seed);
    void add(ModelSpec spec, std::uint64_t seed);
    void prepare(PlannedRun& run, Communicator& processes);
    Budget budget() const;
    Pace first_pace(const PlannedRun& run) const;
    TrainingSettings settings(const PlannedRun& run, const Pace& pace) const;
    PassPlan plan_memory(const PlannedRun& run, Communicator& processes);
    Config configuration_alone(const PlannedRun& run) const;
    void write_configuration(const RunFiles& files, const Config& config) const;

    Stream& stream_;
    const Task& task_;
    PlanOptions options_;
    RunFiles all_;
    std::vector<PlannedRun> runs_;
    std::map<std::string, PassPlan> passes_of_model_;  // that were planned
};

}  // namespace elm

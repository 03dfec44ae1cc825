#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "baselines/model_file.h"
#include "kernels/core/communicator.h"
#include "kernels/io/option_set.h"
#include "kernels/io/toml_config.h"
#include "kernels/ops/elm/scan_pass.h"
#include "tasks/task.h"
#include "tasks/training/budget.h"
#include "tasks/training/memory_plan.h"
#include "tasks/training/run_files.h"
#include "tasks/training/trainer.h"

namespace elm {

struct PlannedRun;

/// Plan of what is to be trained: every combination of models, sizes and seeds on one task.
struct PlanOptions {
    std::vector<std::string> models;              // names of the registry
    std::map<std::string, Values> model_options;  // by model, where they are not the defaults
    Values front_end = {};  // of all models, where it differs from the defaults
    std::vector<std::int64_t> memory_sizes =
        {};  // a run for each, of models that have memory units
    std::uint64_t seed = 0;
    std::int64_t n_seeds = 1;  // seed, seed + 1, ...
    /// Model files whose parameters are the initial values: one for each run, or none.
    std::vector<std::string> init_from = {};
    /// Work that went into those files, of earlier stages: for each run, or empty.
    std::vector<WorkDone> earlier_work = {};
    std::string init_name = {};                       // of them, in configurations; empty: the path
    std::map<std::string, Values> init_changes = {};  // options that differ from those files
    OptionSet recipe = {};
    DType precision = DType::f32;
    ElmArithmetic arithmetic = ElmArithmetic::exact;
    std::string out;  // a model file or a folder, of several runs the stem of their names
    bool resume = false, force = false, safetensors = false;
    std::int64_t validate_every = 0;  // updates; 0: as suits, see pace_of
    bool times_test = true;           // the test is part of a budget of time
    Config config = {};               // of the program that asked, kept in checkpoints and compared
    std::string config_section =
        {};                      // of it, that may differ when a run goes on: files and the like
    Config whole = {};           // what makes all stages of a curriculum again, where this is one
    std::string whole_out = {};  // the folder of all stages, where it is not that of this one
    /// Makes that section ask for one run of several alone, of a budget in the form of a recipe.
    std::function<void(Values& section, const PlannedRun& run, const std::string& budget)> ask_for =
        {};
};

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

/// What makes all runs of these options again, without their task and curriculum.
Config configuration_of(const PlanOptions& options);

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
    FittedModel initial_model(const ModelSpec& wanted, const std::string& path) const;
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

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "tasks/report/table.h"
#include "tasks/training/plan/curriculum.h"
#include "tasks/training/plan/run_plan.h"

namespace elm {

/// What the stages of a curriculum that are done leave to the next one.
struct StagesDone {
    std::vector<std::string> models = {};  // files, one for each run
    std::vector<WorkDone> work = {};       // of all stages so far, likewise
    Table table{{"stage", "model", "updates", "best at", "seconds", "FLOP", "options"}};

    /// Adds stage `index`, whose plan is done. `validated`: this process has the validations.
    void add(const Stage& stage, std::size_t index, const RunPlan& plan, bool validated);
};

/// Throws Error{invalid} for an option of what is not trained: the task, `models` and the recipe
/// are, but for its budget, which is shared out.
void require_trained(std::span<const Stage> stages, const std::string& task,
                     std::span<const std::string> models);

/// The options of the task in a stage, from those of the whole.
OptionSet options_in(const Stage& stage, const std::string& task, OptionSet task_options);

/// Turns the options of a whole training into those of stage `index`, which begins with what those
/// before it left, but for the options of its task. What is of models that `plan` does not train
/// is nothing to it.
void choose_stage(std::span<const Stage> stages, std::size_t index, const std::string& task,
                  StagesDone& before, PlanOptions& plan);

/// Options of the task of a whole training: `given`, with what files told of those that the stage
/// does not set, as they are `in_stage`.
Values with_facts(const Stage& stage, const std::string& task, Values given,
                  const Values& in_stage);

/// Throws Error{invalid} where a stage sets one of `options`, those of samples, which files that
/// are learnt from do not change.
void require_same_samples(std::span<const Stage> stages, const std::string& task,
                          const OptionSet& options);

}  // namespace elm

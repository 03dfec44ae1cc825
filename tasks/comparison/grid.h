#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tasks/comparison/cell_result.h"
#include "tasks/training/plan/curriculum.h"
#include "tasks/training/plan/run_plan.h"

namespace elm {

/// The stages that every cell goes through, each with its share of the budget.
struct ComparisonStages {
    Values section = {};            // [curriculum] as it was given; empty: there are no stages
    std::vector<Stage> stages{{}};  // at least one
    /// Of all stages but the last one, whose task is that of the comparison.
    std::vector<std::shared_ptr<const Task>> earlier_tasks = {};
    std::vector<Values> task_options = {};  // of each stage
};

/// What is compared: every model with every seed on one task, under one recipe and budget.
struct ComparisonOptions {
    /// Models, seeds, recipe; `out` is the folder of the whole.
    PlanOptions plan;
    std::int64_t trials = 0;             // of the random search of each model; 0: no search
    std::int64_t share = 0, shares = 1;  // of the cells, those that this call works on
    ComparisonStages curriculum = {};
    /// Writes into the configuration of a cell what makes it again alone.
    std::function<void(PlanOptions& cell)> describe = [](PlanOptions&) {};
};

/// A cell of the grid, or a trial of the search.
struct GridCell {
    std::string name;   // "lstm-seed1", "lstm-trial3"
    std::string model;  // of the registry
    PlanOptions plan;   // of its one run
};

/// By model, the options by section that its search chose; without a search, none.
using Chosen = std::map<std::string, Config>;

/// Cells of all models and seeds, by seed and then by model, so that a comparison that was cut has
/// something of everything.
std::vector<GridCell> grid_of(const ComparisonOptions& options, const Chosen& chosen);

/// Trials of the search of a model. The first is the recipe as it stands; all have one seed, which
/// none of the cells has.
std::vector<GridCell> trials_of(const ComparisonOptions& options, const std::string& model);

/// The options of the trial that is best on the validation samples by the task's first metric. All
/// diverged: those of the recipe.
Config best_trial(const TaskSpec& task, const std::vector<GridCell>& trials,
                  const std::vector<CellResult>& results);

/// Whether cell `index` is one of the share of this process, `rank` of `size`.
bool is_own(const ComparisonOptions& options, std::size_t index, int rank, int size);

}  // namespace elm

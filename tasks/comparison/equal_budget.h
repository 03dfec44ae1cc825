#pragma once

#include <string>
#include <vector>

#include "tasks/comparison/cell_result.h"
#include "tasks/comparison/grid.h"
#include "tasks/training/budget.h"

namespace elm {

/// What training of a model takes.
struct ModelCost {
    std::string model;
    UpdateCost update = {};
    double seconds = 0;  // of a pass over one sample; measured where a budget is one of time
};

/// Costs of all models, before any of them trains. Throws Error{invalid} naming the model where
/// one cannot be made of its options, or does not take the task's input.
std::vector<ModelCost> costs_of_models(Stream& stream, const Task& task,
                                       const ComparisonOptions& options);

/// Throws Error{invalid} where a model cannot make one update within the budget, such as "1e9f".
void require_affordable(const std::string& budget, const std::vector<ModelCost>& costs);

/// What all cells got in common, in words: "2000 updates, 64000 samples; 1.2e+11 to 4.5e+12 FLOP".
/// Throws Error{invalid} naming the cells where those that are done did not get the same: updates
/// or samples where these are counted, operations within those of an update, time within a quarter
/// (or two seconds, which a start and the last validation take).
std::string equal_budget(const Budget& budget, const std::vector<CellResult>& cells);

}  // namespace elm

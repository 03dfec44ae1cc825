#pragma once

#include <string>
#include <vector>

#include "tasks/comparison/cell_result.h"
#include "tasks/comparison/grid.h"

namespace elm {

/// Throws Error{invalid} where a model does not take the task's input, does not go with its
/// options, or cannot make one update within the budget: before any of them trains. Takes a pass
/// over a sample of each model where the budget is one of time.
void require_possible(Stream& stream, const Task& task, const ComparisonOptions& options);

/// What all cells got in common, in words: "2000 updates, 64000 samples; 1.2e+11 to 4.5e+12 FLOP".
/// Throws Error{invalid} naming the cells where those that are done did not get the same: updates
/// or samples where these are counted, operations within those of an update, time within a quarter
/// (or two seconds, which a start and the last validation take).
std::string equal_budget(const Budget& budget, const std::vector<CellResult>& cells);

}  // namespace elm

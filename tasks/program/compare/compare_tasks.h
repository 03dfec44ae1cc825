#pragma once

#include "kernels/io/option_set.h"
#include "tasks/comparison/grid.h"
#include "tasks/task_registry.h"
#include "tasks/training/plan/run_plan.h"

namespace elm {

class Arguments;

/// Compares the models of --models on the tasks of --task and shows what came out. Returns the exit
/// code.
int compare_on_tasks(const Arguments& arguments);

/// Throws Error{invalid}, before anything trains, naming the model that cannot be made of its
/// options or does not take the task's input, or --budget where it buys a model no update.
void require_possible(Stream& stream, const Task& task, const ComparisonOptions& options);

/// Makes `elmsim train --config` of a cell's folder train that cell again.
void describe_cell(const Arguments& arguments, const TaskEntry& entry,
                   const OptionSet& task_options, PlanOptions& cell);

}  // namespace elm

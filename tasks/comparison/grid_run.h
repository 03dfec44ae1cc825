#pragma once

#include <functional>
#include <string>

#include "kernels/core/stream.h"
#include "tasks/comparison/grid.h"

namespace elm {

/// The file that says that the cell of this folder is through, and what came out.
std::string result_path(const std::string& folder);

/// Trains the only run of `plan` into its folder, or goes on with it, scores its best model and
/// measures. Earlier stages of a curriculum have folders in that, and what they take counts.
/// Numbers that are not finite and a memory that is too small end up in the result; all else is
/// thrown. `poll` as in tasks/training/trainer.h. Leaves result_path().
CellResult run_cell_of_grid(Stream& stream, const Task& task, const PlanOptions& plan,
                            const ComparisonStages& curriculum, const std::function<void()>& poll);

/// The result in a folder, of the run that `plan` asks for. Throws Error{invalid} listing the
/// differences for one of another run.
CellResult finished_cell(Stream& stream, const Task& task, const PlanOptions& plan,
                         const ComparisonStages& curriculum);

/// Whether the folder has something that run_cell_of_grid() can go on from.
bool has_checkpoint(const std::string& folder);

}  // namespace elm

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kernels/core/communicator.h"
#include "tasks/comparison/cell_result.h"
#include "tasks/comparison/grid.h"

namespace elm {

/// Models against each other on one task: every cell of the grid trained, scored and measured in a
/// folder of its own, OUT/MODEL-seedS; trials of searches in OUT/search/MODEL-trialK. A cell that
/// is through is never worked on again, so what was cut goes on where it was.
class Comparison {
public:
    /// `stream` and `task` must outlive this. Throws Error{invalid} for options that cannot be.
    Comparison(Stream& stream, const Task& task, ComparisonOptions options);

    /// Throws Error{exists} where something stands that these options do not let be replaced: for
    /// a share, own cells and trials, and files that are not of this comparison.
    void require_free() const;

    /// Works on the own share of the cells, first on the trials of searches. Several processes
    /// share it; they wait for each other after the trials and at the end. Cells whose search waits
    /// for trials of other shares are left. `poll` as in tasks/training/trainer.h.
    void run(Communicator& processes, const std::function<void()>& poll);

    /// Names of the cells and trials that are not through.
    std::vector<std::string> missing() const;
    /// All cells, in the order of the grid. Throws Error{invalid} for those of another comparison.
    std::vector<CellResult> results() const;

    const ComparisonOptions& options() const noexcept { return options_; }
    /// What the searches chose, as far as they are through.
    const Chosen& chosen() const noexcept { return chosen_; }
    const Task& task() const noexcept { return task_; }

private:
    void run_own(const std::vector<GridCell>& cells, Communicator& processes,
                 const std::function<void()>& poll);
    void run_one(const GridCell& cell, const std::function<void()>& poll) const;
    void choose();
    std::vector<GridCell> all_trials() const;

    Stream& stream_;
    const Task& task_;
    ComparisonOptions options_;
    Chosen chosen_;
    std::vector<std::string> waiting_;  // models whose search is not through
};

}  // namespace elm

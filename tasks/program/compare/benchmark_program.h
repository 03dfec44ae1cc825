#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/io/option_set.h"
#include "tasks/comparison/cell_result.h"
#include "tasks/comparison/index/benchmark_grid.h"
#include "tasks/comparison/index/benchmark_runs.h"
#include "tasks/report/table.h"
#include "tasks/task_registry.h"

namespace elm {

class Arguments;
class RunContext;
struct BenchmarkCellTask;

/// The trainings of a benchmark of mixers: a comparison of one model for each cell and mixer, in a
/// folder of its own, OUT/PATTERN/TASK/MIXER, that goes on where it was cut.
class BenchmarkProgram {
public:
    /// Mixers of --models, or all. Throws Error{invalid} with the nearest for an unknown one.
    BenchmarkProgram(const Arguments& arguments, RunContext& context, std::string folder);

    const std::vector<MixerChoice>& mixers() const { return mixers_; }

    /// Throws Error{invalid} where a mixer has a seat nowhere, and says why.
    void require_seats() const;
    /// Trains and scores what is not through; metrics of all runs, and of rules without a model.
    /// set_extra_parameters() is yet to come.
    std::vector<BenchmarkRun> run();
    /// Seats that mixers do not have, with the reason.
    const Table& left_out() const { return left_out_; }

private:
    SeatedModel seated_in(const BenchmarkCell& cell, const BenchmarkCellTask& open,
                          const MixerChoice& choice) const;
    void run_cell(const BenchmarkCell& cell);
    void train(const BenchmarkCell& cell, const BenchmarkCellTask& open, const MixerChoice& choice,
               const SeatedModel& seated);
    BenchmarkRun row(const BenchmarkCell& cell, const MixerChoice& choice,
                     const CellResult& result) const;
    void add_result(const BenchmarkCell& cell, const BenchmarkCellTask& open,
                    const MixerChoice& choice, const CellResult& result);
    void add_other_lengths(const BenchmarkCell& cell, const BenchmarkCellTask& open,
                           const MixerChoice& choice, const CellResult& result,
                           const std::string& folder);
    void add_rules(const BenchmarkCell& cell, const BenchmarkCellTask& open);

    const Arguments& arguments_;
    RunContext& context_;
    std::string folder_;
    std::vector<MixerChoice> mixers_;
    std::vector<BenchmarkRun> runs_;
    std::vector<CellResult> results_;  // of the cell at work
    Table left_out_{{"mixer", "pattern", "task", "why it has no result"}};
};

}  // namespace elm

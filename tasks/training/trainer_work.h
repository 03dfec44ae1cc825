#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "tasks/training/pace.h"
#include "tasks/training/trainer.h"
#include "tasks/training/training_group.h"

namespace elm {

/// Work of one thread at a time: a run, or a group of runs in step.
struct TrainerWork {
    std::vector<const TrainerRun*> runs;
    std::optional<TrainingGroup> group;
    std::optional<TimePlan> plan = {};  // of a budget of time

    Training& first() const { return *runs.front()->training; }
    /// Of all runs together. While one validates, as much work as runs side by side waits.
    TimeSpent time_spent(std::size_t side_by_side) const;
    /// Of the run that is least advanced.
    double fraction_done() const;
    /// Updates up to the next report, or until so many seconds have passed; at least one.
    void advance(double seconds);
};

/// The runs as work: those that gain from it are a group.
std::vector<TrainerWork> share_work(std::span<const TrainerRun> runs);

}  // namespace elm

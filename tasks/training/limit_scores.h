#pragma once

#include <span>

#include "tasks/training/trainer.h"

namespace elm {

/// Scores are part of the time that is given: has the runs score fewer samples where all would take
/// too much of it, and all runs the same ones. Runs that go on have decided it.
void limit_scores(std::span<const TrainerRun> runs, const TrainerSettings& settings);

}  // namespace elm

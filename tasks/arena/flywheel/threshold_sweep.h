#pragma once

#include <functional>
#include <vector>

#include "tasks/arena/flywheel/flywheel.h"
#include "tasks/arena/flywheel/stage_plan.h"
#include "tasks/report/table.h"

namespace elm {

/// Trains one stage on D1 after the seed training, of F and all seeds, with each threshold of 0 to
/// 5: of replays (of distillations or rewards where there are none), and of preferences; those of
/// the two that the flywheel has. Models are asked ARENA-DEV and nothing else. Files stand in
/// OUT/sweep/KIND-K/stages and stay where they are finished.
std::vector<SweptThreshold> sweep_thresholds(Stream& stream, const ArenaPool& pool,
                                             const ArenaSet& arena, const FlywheelOptions& options,
                                             const OpponentChoice& opponents,
                                             const std::function<void()>& poll);

/// Takes the best thresholds, for all rounds.
void take_best(const std::vector<SweptThreshold>& sweep, FlywheelOptions& options);

Table sweep_table(const std::vector<SweptThreshold>& sweep);

}  // namespace elm

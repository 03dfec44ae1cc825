#pragma once

#include "kernels/io/option_set.h"
#include "tasks/arena/flywheel/flywheel.h"
#include "tasks/arena/sets/build_arena.h"

/// Options of arenas that have no flag of their own, with their defaults.
namespace elm {

inline constexpr const char *arena_parts_section = "arena_parts", *flywheel_section = "flywheel";

/// Sizes of parts and the committee: the section [arena_parts].
OptionSet arena_parts_options();
void apply(const OptionSet& options, BuildOptions& build);

/// Rounds, stages, controls and losses: the section [flywheel].
OptionSet flywheel_options();
/// The stages that suit the answers of a task, where none were chosen. Throws as answer_kind_of().
void choose_stages(const ArenaPool& pool, OptionSet& options);
/// Throws Error{invalid} with the nearest name for stages, controls and forms that there are not.
void apply(const OptionSet& options, FlywheelOptions& flywheel);
std::int64_t bootstrap_rounds_of(const OptionSet& options);

/// The recipe that trainings of an arena have unless somebody says else: training_options() with
/// batches of 32 and a learning rate for small models.
OptionSet arena_training_options();

}  // namespace elm

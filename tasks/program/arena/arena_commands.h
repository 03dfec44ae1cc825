#pragma once

namespace elm {

class Arguments;

/// elmsim arena build: parts and test sets of a task. Each returns the exit code.
int build_arena_command(const Arguments& arguments);
/// elmsim arena battle: models answer all samples of an arena.
int battle_command(const Arguments& arguments);
/// The same of fits of a neuron on simulations: --task neuronio.
int neuronio_battle_command(const Arguments& arguments);
/// elmsim arena rate: ratings from files of predictions.
int rate_command(const Arguments& arguments);
/// elmsim arena flywheel: a target learns from opponents, beside controls.
int flywheel_command(const Arguments& arguments);

}  // namespace elm

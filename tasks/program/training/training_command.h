#pragma once

#include <string>
#include <vector>

#include "tasks/program/command.h"
#include "tasks/task_registry.h"

namespace elm {

class Arguments;

/// Trains what --model, --memory, --seeds and the other flags of a command ask for on a task, and
/// shows how it went. Returns the exit code.
int train_on(const TaskEntry& task, const Arguments& arguments);

/// The flags that commands which train share: --preset, --budget, --seeds, --validate-every,
/// --init-from, --resume, --report, --safetensors.
std::vector<Flag> training_flags(std::vector<std::string> presets);

}  // namespace elm

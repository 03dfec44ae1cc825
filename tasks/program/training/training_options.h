#pragma once

#include <span>
#include <string>
#include <vector>

#include "tasks/program/arguments.h"
#include "tasks/program/run_context.h"
#include "tasks/task_registry.h"
#include "tasks/training/plan/curriculum.h"
#include "tasks/training/plan/run_plan.h"

namespace elm {

/// The options of a component: its defaults, then those of the preset, then of its section.
OptionSet options_of(OptionSet options, const std::string& section, const Arguments& arguments,
                     const Config& preset);

/// The models behind a flag such as --model, in their order. Throws Error{invalid} with the nearest
/// name for one that is not registered, and for one that is given twice.
std::vector<std::string> registered_models(const Arguments& arguments, const std::string& flag);

/// What the flags and sections of a command that trains ask for, but for its task. No models: elm.
PlanOptions plan_options(const Arguments& arguments, const RunContext& context,
                         const Config& preset, std::vector<std::string> models, std::string out);

/// The section [curriculum] of preset and arguments.
Values curriculum_of(const Arguments& arguments, const Config& preset);

}  // namespace elm

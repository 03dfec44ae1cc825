#pragma once

#include <vector>

#include "tasks/program/command.h"
#include "tasks/task_registry.h"

namespace elm {

class Arguments;

/// Flags that all generated sets have in common.
std::vector<Flag> generate_set_flags();

/// Makes a set of samples: a file, a folder with a split, or a table of ListOps (.tsv). Returns the
/// exit code.
int generate_set(const Arguments& arguments, const TaskEntry& task);

}  // namespace elm

#pragma once

#include "tasks/program/arguments.h"
#include "tasks/program/command.h"

namespace elm {

/// Flags of `elmsim generate neuronio` alone.
std::vector<Flag> neuronio_flags();

/// Makes ground truth of a detailed cell: one file, or a folder of files. Returns the exit code.
int generate_neuronio(const Arguments& arguments);

}  // namespace elm

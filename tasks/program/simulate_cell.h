#pragma once

#include <vector>

#include "tasks/program/arguments.h"
#include "tasks/program/command.h"

namespace elm {

/// Flags of `elmsim simulate --cell` beside those of every simulation.
std::vector<Flag> cell_flags();

/// Runs a detailed cell on synaptic events and currents. Returns the exit code.
int simulate_cell(const Arguments& arguments);

}  // namespace elm

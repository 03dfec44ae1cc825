#pragma once

namespace elm {

class Arguments;

/// Runs a detailed cell on synaptic events and currents. Returns the exit code.
int simulate_cell(const Arguments& arguments);

}  // namespace elm

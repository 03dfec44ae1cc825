#pragma once

#include <string>
#include <vector>

#include "kernels/io/toml_config.h"
#include "neuron/cable/solver/cable_run.h"
#include "tasks/program/command.h"
#include "tasks/program/run_context.h"

namespace elm {

class Arguments;

/// Flags of the commands that simulate a detailed cell.
std::vector<Flag> cable_flags();

/// Flags of `elmsim simulate --cell` beside those of every simulation.
std::vector<Flag> cell_flags();

/// The cell of --cell and --morphology. Throws Error{invalid} for another name, with the nearest.
cable::Cell resolve_cell(const Arguments& arguments, const std::string& default_cell);

/// The shape behind that cell.
cable::Morphology resolve_shape(const Arguments& arguments, const std::string& default_cell);

/// Fingerprints of that cell's file and of its shape, by the names "cell" and "shape".
Values cell_fingerprints(const Arguments& arguments, const std::string& default_cell,
                         const cable::Cell& cell);

/// Time step, scheme, precision and device of --dt-ms, --scheme and the shared flags.
cable::RunOptions cable_run_options(const Arguments& arguments, RunContext& context);

}  // namespace elm

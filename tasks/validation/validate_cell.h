#pragma once

#include <string>

#include "tasks/report/table.h"
#include "tasks/validation/check.h"

namespace elm {

/// All checks of the detailed cell: cell_physics.h, and cell_reference.h with the files in
/// `folder`, which may be empty. `full`: those of minutes too. `tick` is called between families
/// and may throw.
ValidationReport validate_cell(const std::string& folder, bool full, void (*tick)());

/// One row for each check.
Table check_table(const ValidationReport& report);

}  // namespace elm

#pragma once

#include <string>

#include "tasks/inspection/findings.h"

namespace elm {

/// True for a name that is no file and that of a built-in cell.
bool is_builtin_cell(const std::string& name);

/// True for names that end in .swc, .asc or .toml, and for built-in cells.
bool is_cell_or_shape(const std::string& path_or_name);

/// A shape, or a cell file with the shape it names. Throws as their readers do.
Findings inspect_cell_or_shape(const std::string& path_or_name);

}  // namespace elm

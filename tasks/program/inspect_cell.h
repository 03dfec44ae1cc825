#pragma once

#include <string>

#include "tasks/program/inspect_findings.h"

namespace elm {

/// True for names that end in .swc, .asc or .toml, and for built-in cells.
bool is_cell_or_shape(const std::string& path_or_name);

/// A shape, or a cell file with the shape it names. Throws as their readers do.
Findings inspect_cell_or_shape(const std::string& path_or_name);

}  // namespace elm

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "neuron/cable/cell/cell_description.h"

namespace elm::cable {

/// A cell that stands in the program.
struct BuiltinCell {
    std::string name, summary;
    std::string text;  // its cell file
};
const std::vector<BuiltinCell>& builtin_cells();

/// Reads a cell file (see neuron/README.md, "Cell files"). Throws Error{invalid} with file, line
/// and column, and the nearest name for a key, channel or region that is not known.
CellDescription parse_cell(const std::string& text, const std::string& origin);

/// The description behind a file or a built-in name. Throws Error{invalid} for another name, with
/// the nearest.
CellDescription load_cell_description(const std::string& path_or_name);

/// The shape the description asks for, or that of `morphology_path`, with the axon it asks for.
Morphology load_cell_morphology(const CellDescription& description,
                                const std::optional<std::string>& morphology_path);

/// A cell ready to be simulated.
Cell load_cell(const std::string& path_or_name, const std::optional<std::string>& morphology_path);

}  // namespace elm::cable

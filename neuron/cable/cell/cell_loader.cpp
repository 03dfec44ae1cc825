// From the name of a cell to the cell: built-in or file, and its shape.

#include <filesystem>

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "kernels/core/support/error.h"
#include "kernels/core/support/log.h"
#include "kernels/io/toml_config.h"
#include "neuron/cable/cell/cell_file.h"
#include "neuron/cable/shape/layer5_morphology.h"
#include "neuron/cable/shape/morphology_edit.h"

namespace elm::cable {
namespace {

namespace fs = std::filesystem;
constexpr const char* builtin_morphology = "layer5";

/// As it stands, or beside the cell file.
std::string beside(const std::string& source, const std::string& cell_file) {
    const fs::path path(source);
    return path.is_absolute() ? source : (fs::path(cell_file).parent_path() / path).string();
}

}  // namespace

CellDescription load_cell_description(const std::string& path_or_name) {
    std::vector<std::string> names;
    for (const BuiltinCell& cell : builtin_cells()) {
        if (cell.name == path_or_name) return parse_cell(cell.text, cell.name + ".toml");
        names.push_back(cell.name);
    }
    std::ifstream file(path_or_name);
    if (!file || fs::is_directory(path_or_name)) {
        throw Error(ErrorKind::invalid,
                    fmt::format("{}: there is no such file and no cell of that name.{} See "
                                "elmsim list cells.",
                                path_or_name, nearest_hint(path_or_name, names)));
    }
    std::stringstream text;
    text << file.rdbuf();
    return parse_cell(text.str(), path_or_name);
}

Morphology load_cell_morphology(const CellDescription& description,
                                const std::optional<std::string>& morphology_path) {
    const MorphologyDescription& wanted = description.morphology;
    Morphology morphology = morphology_path ? read_morphology(*morphology_path)
                            : wanted.source == builtin_morphology
                                ? layer5_morphology()
                                : read_morphology(beside(wanted.source, description.origin));
    return wanted.axon_stub ? with_axon_stub(std::move(morphology)) : morphology;
}

Cell load_cell(const std::string& path_or_name, const std::optional<std::string>& morphology_path) {
    const CellDescription description = load_cell_description(path_or_name);
    const Morphology morphology = load_cell_morphology(description, morphology_path);
    if (!morphology.notes.empty()) {
        log::warn("{}: {}", morphology.source, fmt::join(morphology.notes, "; "));
    }
    return build_cell(description, discretise(morphology, segment_rule(description)));
}

}  // namespace elm::cable

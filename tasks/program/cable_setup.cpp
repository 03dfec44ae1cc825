#include "tasks/program/cable_setup.h"

#include <cmath>
#include <optional>

#include "kernels/core/support/check.h"
#include "neuron/cable/cell/cell_file.h"
#include "neuron/cable/cell/fingerprint.h"
#include "tasks/program/arguments.h"

namespace elm {
namespace {

std::string cell_name(const Arguments& arguments, const std::string& default_cell) {
    if (!arguments.has("cell")) return default_cell;
    std::string name = arguments.text("cell");
    ELM_CHECK(
        !cable::is_morphology_name(name),
        "--cell {}: this is a shape, which is given by --morphology; --cell takes the membrane "
        "that it gets, such as --cell {} --morphology {}.",
        name, default_cell, name);
    return name;
}

cable::CellDescription read_description(const Arguments& arguments,
                                        const std::string& default_cell) {
    return with_flag(
        "--cell", [&] { return cable::load_cell_description(cell_name(arguments, default_cell)); });
}

std::optional<std::string> morphology_path(const Arguments& arguments) {
    if (!arguments.has("morphology")) return std::nullopt;
    const std::string path = arguments.text("morphology");
    ELM_CHECK(!cable::has_extension(path, ".toml"),
              "--morphology {}: this is a cell, which is given by --cell; --morphology takes its "
              "shape, an .swc or .asc file.",
              path);
    return path;
}

}  // namespace

std::vector<Flag> cable_flags() {
    return {{"cell", "FILE|NAME", "cell file, or the name of a built-in cell"},
            {"morphology", "FILE", "shape of the cell in place of its own: .swc or .asc"},
            {"scheme",
             "SCHEME",
             "how the membrane steps",
             name_of(cable::Scheme::crank_nicolson),
             false,
             {name_of(cable::Scheme::crank_nicolson), name_of(cable::Scheme::backward_euler)}}};
}

std::vector<Flag> cell_flags() {
    std::vector<Flag> flags = cable_flags();
    flags.push_back({"clamp", "CURRENT",
                     "current into a cell: PLACE:0.3nA@START+DURATION, or "
                     "PLACE:0.5nA@START~RISE/DECAY, in ms",
                     "", true});
    flags.push_back({"plot-morphology", "FILE", "draw the cell from the side, coloured by"});
    flags.push_back({"colour-by", "WHAT",
                     "voltage or calcium (the highest of the first sample), voltage@MS, "
                     "calcium@MS, or density:CHANNEL",
                     "voltage"});
    flags.push_back({"every-ms", "MS", "time between recorded values of a cell; about 0.1"});
    return flags;
}

cable::Morphology resolve_shape(const Arguments& arguments, const std::string& default_cell) {
    return cable::load_cell_morphology(read_description(arguments, default_cell),
                                       morphology_path(arguments));
}

cable::Cell resolve_cell(const Arguments& arguments, const std::string& default_cell) {
    read_description(arguments, default_cell);  // a mistake there is one of --cell
    return cable::load_cell(cell_name(arguments, default_cell), morphology_path(arguments));
}

Values cell_fingerprints(const Arguments& arguments, const std::string& default_cell,
                         const cable::Cell& cell) {
    return {{"cell", cable::fingerprint(read_description(arguments, default_cell))},
            {"shape", cable::fingerprint(cell.compartments)}};
}

cable::RunOptions cable_run_options(const Arguments& arguments, RunContext& context) {
    cable::RunOptions options;
    options.dt_ms = arguments.optional_number("dt-ms").value_or(options.dt_ms);
    ELM_CHECK(options.dt_ms > 0 && std::isfinite(options.dt_ms),
              "--dt-ms {}: expected a number above 0.", options.dt_ms);
    // The events of the published scheme of first order stay at whole steps.
    const bool euler = arguments.text("scheme") == name_of(cable::Scheme::backward_euler);
    options.scheme = euler ? cable::Scheme::backward_euler : cable::Scheme::crank_nicolson;
    options.half_step_events = options.scheme == cable::Scheme::crank_nicolson;
    options.precision = context.precision();
    options.device = context.stream().device();
    return options;
}

}  // namespace elm

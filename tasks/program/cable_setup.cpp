#include "tasks/program/cable_setup.h"

#include <cmath>
#include <optional>

#include "kernels/core/check.h"
#include "neuron/cable/cell/cell_file.h"
#include "neuron/cable/cell/fingerprint.h"
#include "tasks/program/arguments.h"

namespace elm {
namespace {

constexpr const char* crank_nicolson = "crank-nicolson";
constexpr const char* backward_euler = "backward-euler";

std::string cell_name(const Arguments& arguments, const std::string& standard) {
    if (!arguments.has("cell")) return standard;
    const std::string name = arguments.text("cell");
    ELM_CHECK(
        !cable::is_morphology_name(name),
        "--cell {}: this is a shape, which is given by --morphology; --cell takes the membrane "
        "that it gets, such as --cell {} --morphology {}.",
        name, standard, name);
    return name;
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
             crank_nicolson,
             false,
             {crank_nicolson, backward_euler}}};
}

cable::Morphology resolve_shape(const Arguments& arguments, const std::string& standard) {
    return cable::load_cell_morphology(cable::load_cell_description(cell_name(arguments, standard)),
                                       morphology_path(arguments));
}

cable::Cell resolve_cell(const Arguments& arguments, const std::string& standard) {
    return cable::load_cell(cell_name(arguments, standard), morphology_path(arguments));
}

Values cell_fingerprints(const Arguments& arguments, const std::string& standard,
                         const cable::Cell& cell) {
    const auto description = cable::load_cell_description(cell_name(arguments, standard));
    return {{"cell", cable::fingerprint(description)},
            {"shape", cable::fingerprint(cell.compartments)}};
}

std::string scheme_name(cable::Scheme scheme) {
    return scheme == cable::Scheme::backward_euler ? backward_euler : crank_nicolson;
}

cable::RunOptions cable_run_options(const Arguments& arguments, RunContext& context) {
    cable::RunOptions options;
    options.dt_ms = arguments.optional_number("dt-ms").value_or(options.dt_ms);
    ELM_CHECK(options.dt_ms > 0 && std::isfinite(options.dt_ms),
              "--dt-ms {}: expected a number above 0.", options.dt_ms);
    // The kicks of the published scheme of first order stay whole.
    options.scheme = arguments.text("scheme") == backward_euler ? cable::Scheme::backward_euler
                                                                : cable::Scheme::crank_nicolson;
    options.half_step_kicks = options.scheme == cable::Scheme::crank_nicolson;
    options.precision = context.precision();
    options.device = context.stream().device();
    return options;
}

}  // namespace elm

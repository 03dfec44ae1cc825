#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tasks/arena/arena_options.h"
#include "tasks/program/arguments.h"
#include "tasks/program/run_context.h"
#include "tasks/report/plot.h"
#include "tasks/report/table.h"

namespace elm {

/// The recipe of all trainings of an arena: [training], precision and seed.
ArenaRecipe arena_recipe(const Arguments& arguments, const RunContext& context);
/// Options of the models that somebody chose, by model.
std::map<std::string, Values> arena_model_options(const Arguments& arguments);
/// --out without a slash at its end. Throws Error{invalid} where it is missing.
std::string arena_folder(const Arguments& arguments);

/// What --arena names. Throws as read_arena().
ArenaSet given_arena(const Arguments& arguments);

/// What --task, --data and [TASK] ask for, built into `out`.
BuildOptions arena_build_options(const Arguments& arguments, const RunContext& context,
                                 std::string out);

using NamedTables = std::vector<std::pair<std::string, Table>>;
/// The tables on stdout as --csv and --markdown say.
void print_tables(const Arguments& arguments, const NamedTables& tables);
/// A page that stands alone, at `path`.
void write_arena_page(const Arguments& arguments, RunContext& context, const std::string& title,
                      const std::string& verdict, const NamedTables& tables,
                      const std::vector<Figure>& figures, const std::string& path);

}  // namespace elm

#pragma once

#include <string>
#include <vector>

#include "tasks/comparison/comparison.h"
#include "tasks/report/results_writer.h"
#include "tasks/report/table.h"

namespace elm {

class Arguments;
class RunContext;

/// Refuses --plot and --report where they may not be written, before the work.
void require_comparison_places(const Arguments& arguments);

/// Throws Error{invalid} where --against is none of the models, with the nearest.
void require_reference(const Arguments& arguments, const std::vector<std::string>& models);

/// A table on stdout as --csv or --markdown say, else aligned.
std::string table_text(const Arguments& arguments, const Table& table);

/// Prints the tables of a comparison (not with --json), writes them, pictures and the page into its
/// folder, and what --plot and --report ask for. Where cells are missing it names them instead.
/// Returns what --json prints.
Record show_comparison(const Arguments& arguments, RunContext& context,
                       const Comparison& comparison, const Config& config);

/// Draws into `path`, which may be there; without gnuplot a warning says so.
void draw_if_possible(const Figure& figure, const std::string& path);

}  // namespace elm

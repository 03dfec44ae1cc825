#pragma once

#include <optional>

#include "tasks/report/table.h"

namespace elm {

class Arguments;
class RunContext;
class RunPlan;

/// Results of all runs of a plan when they are done: scores of the best models as a table or as
/// JSON, the learning curves and, for several runs, a score against their size, as pictures beside
/// --out, the model as safetensors, --plot and --report where asked for. In a run folder also the
/// page, report.html, and what was printed as JSON, summary.json. `stages`: of a curriculum.
void show_results(const Arguments& arguments, RunContext& context, RunPlan& plan,
                  const std::optional<Table>& stages);

}  // namespace elm

#pragma once

#include <string>
#include <vector>

#include "tasks/report/html_page.h"
#include "tasks/report/plot.h"
#include "tasks/training/plan/plan_results.h"

namespace elm {

/// One HTML file that needs no other: the best score, `facts`, tables of runs, seeds and the stages
/// of a curriculum, `figures`, and the configuration. Throws Error{exists} if `path` is there and
/// `force` is false, Error{write}.
void write_training_page(const PlanResults& results, const std::optional<Table>& stages,
                         const html::Facts& facts, const std::vector<Figure>& figures,
                         const Config& config, const std::string& path, bool force);

}  // namespace elm

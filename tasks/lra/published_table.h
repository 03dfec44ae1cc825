#pragma once

#include <string>

#include "tasks/report/table.h"

namespace elm {

/// Models on Long Range Arena: for each model and task with a published score or recipe the
/// parameters and operations of the model here at the published settings (published_models.h), how
/// many parameters the public code has, the published accuracy in percent, where the settings are
/// from, or that none were found, and where the accuracy is from. "x": not above chance.
Table published_model_table();

/// What "x" and "-" stand for in it: a line.
std::string published_model_legend();

}  // namespace elm

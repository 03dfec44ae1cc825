#pragma once

#include <string>

#include "baselines/fitted_model.h"
#include "tasks/training/plan/plan_options.h"

namespace elm {

/// The model in a file as one to begin with. Throws Error{invalid} unless it fits `wanted` and what
/// the options ask for beside it.
FittedModel initial_model(const PlanOptions& options, const ModelSpec& wanted,
                          const std::string& path);

}  // namespace elm

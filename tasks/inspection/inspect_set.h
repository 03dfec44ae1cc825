#pragma once

#include <string>

#include "tasks/inspection/findings.h"

namespace elm {

/// True for what stands in the place of a data set until it is whole (tasks/data/sets).
bool is_unfinished_set(const std::string& path);

/// How much of the set is there, and of what recipe. Throws Error{data} where the recipe is
/// damaged.
Findings inspect_unfinished_set(const std::string& path);

}  // namespace elm

#pragma once

#include <string>
#include <vector>

#include "tasks/lra/published_models.h"

namespace elm {

/// Presets of state spaces: see published_models().
std::vector<Preset> published_state_spaces(LraTask task, const std::string& section);

}  // namespace elm

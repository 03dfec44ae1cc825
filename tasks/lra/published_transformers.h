#pragma once

#include <string>
#include <vector>

#include "tasks/lra/published_models.h"

namespace elm {

/// Presets of transformers: see published_models().
std::vector<Preset> published_transformers(LraTask task, const std::string& section);

}  // namespace elm

#pragma once

#include <string>
#include <vector>

#include "tasks/lra/published_models.h"

namespace elm {

/// Presets of mega and mega_chunk: see published_models().
std::vector<Preset> published_mega(LraTask task, const std::string& section);

}  // namespace elm

#pragma once

#include <functional>
#include <string>

#include "tasks/inspection/findings.h"

namespace elm {

/// Says what a file is: model, ground truth, spikes, recording, metrics, network, cell, shape; or a
/// built-in cell. `tick` is called between pieces of work and may throw. Throws as the readers of
/// these files do, and Error{data} for a folder, a pipe and a file of no known kind.
Findings inspect_file(const std::string& path_or_name, void (*tick)());

}  // namespace elm

#pragma once

#include <string>

#include "neuron/cable/cell/cell.h"

namespace elm {

/// The layer-5 pyramidal cell as l5pc_geometry.h5 tells it, segment by segment: no reader, density
/// rule or discretisation of ours is in it. Throws Error{data}.
cable::Cell cell_from_geometry(const std::string& path);

}  // namespace elm

#pragma once

#include <string>

#include "neuron/cable/cell.h"

namespace elm::test {

/// Path of a file of the reference data, or empty if it is not there (ELM_DATA_DIR names the
/// folder).
std::string reference_file(const std::string& name);

/// The layer-5 pyramidal cell as l5pc_geometry.h5 tells it, segment by segment: no reader, no
/// density rule and no discretisation of ours is in it.
cable::Cell cell_from_geometry(const std::string& path);

}  // namespace elm::test

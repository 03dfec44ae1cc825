#pragma once

#include <string>

#include "neuron/cable/cell/cell_description.h"

namespace elm::cable {

/// 16 hexadecimal digits that change with the shape: lengths, areas, resistances, the tree.
std::string fingerprint(const Compartments& compartments);
/// The same over all numbers of a cell, its shape among them.
std::string fingerprint(const Cell& cell);
/// The same over all numbers of a cell file, which has no shape yet.
std::string fingerprint(const CellDescription& description);

}  // namespace elm::cable

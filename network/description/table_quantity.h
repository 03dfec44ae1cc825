#pragma once

#include <string>

#include "kernels/io/config_tree.h"

namespace elm::network {

/// A number, or a text with a unit, as parse_quantity() takes it. Throws Error{invalid} with the
/// place.
double quantity(const ConfigTree& tree, const std::string& key, const std::string& unit);
double quantity_or(const ConfigTree& tree, const std::string& key, const std::string& unit,
                   double otherwise);

}  // namespace elm::network

#pragma once

#include <string>

#include "kernels/io/config_tree.h"
#include "network/description/network_description.h"

namespace elm::network {

/// What the tables "short_term" of a population, "stdp" and "homeostasis" of a connection say,
/// where they are there; `unit` is that of the weights. Throw Error{invalid} with the place.
void read_short_term(const ConfigTree& tree, Population& population);
void read_stdp(const ConfigTree& tree, const std::string& unit, Connection& connection);
void read_homeostasis(const ConfigTree& tree, const std::string& unit, Connection& connection);

}  // namespace elm::network

#pragma once

#include <string>

#include "network/description/network_description.h"

namespace elm::network {

/// Begins a message about a part of a network: "net.toml:12:1: ".
std::string at(const std::string& place);

/// Parts of check(): rules of synapses that change, for weights of `unit` from `lowest` to
/// `highest`. Throw Error{invalid} that begins with the place.
void check_short_term(const Population& p);
void check_stdp(const Connection& c, const std::string& unit, double lowest, double highest);
void check_homeostasis(const Connection& c, const std::string& unit, double lowest,
                       double time_step_ms);

}  // namespace elm::network

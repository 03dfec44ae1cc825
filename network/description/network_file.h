#pragma once

#include <string>

#include "network/description/network_description.h"

namespace elm::network {

/// Reads a network in TOML; README.md of this room describes the form. Throws Error{invalid} that
/// begins with file, line and column for what is not known (with the nearest name), missing, of
/// another type, unit or range, and Error{data} if there is no such file.
NetworkDescription load_network(const std::string& path);
NetworkDescription parse_network(const std::string& text, const std::string& origin);

}  // namespace elm::network

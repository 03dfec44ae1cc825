#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

namespace elm {

/// One setting or attribute: what a TOML key, an HDF5 attribute or a JSON field holds.
using Value = std::variant<bool, std::int64_t, double, std::string>;

/// Settings by name, in the order of their names.
using Values = std::map<std::string, Value>;

}  // namespace elm

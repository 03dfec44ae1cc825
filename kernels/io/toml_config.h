#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/io/value.h"

namespace elm {

/// A configuration as people write it: sections of named values. Lists hold strings and stand in a
/// Value as one string, separated by commas.
struct Config {
    std::map<std::string, Values> sections;

    /// Reads TOML. Throws Error{invalid} naming `origin`, line and column.
    static Config parse(const std::string& text, const std::string& origin);
    /// Reads a TOML file, or the /config of an HDF5 file that a run wrote. Throws Error{data} if
    /// there is no such file.
    static Config load(const std::string& path);

    std::string to_toml() const;
};

/// Reads one value as TOML would: true, 12, 0.5, "text"; any other word is taken as text.
Value parse_value(std::string_view text);

/// The value as it is written in TOML, text without quotes.
std::string to_text(const Value& value);

/// " Did you mean X?" for the nearest of `names`, or empty if none is near.
std::string nearest_hint(std::string_view word, const std::vector<std::string>& names);

/// The same, or " Expected one of A, B, C." if none is near.
std::string nearest_or_all(std::string_view word, const std::vector<std::string>& names);

}  // namespace elm

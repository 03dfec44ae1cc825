#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/toml_config.h"

namespace elm {

/// What a message says behind a name that is not known: the nearest one, and all of them where they
/// are few, else where they are listed: " Did you mean tcn? See elmsim list models."
inline std::string expected_names(std::string_view word, const std::vector<std::string>& names,
                                  std::string_view listed_by) {
    constexpr std::size_t few = 12;
    return nearest_hint(word, names) + (names.size() > few
                                            ? fmt::format(" See {}.", listed_by)
                                            : fmt::format(" Expected {}.", fmt::join(names, ", ")));
}

/// As find_entry(), for lists that grow long.
template <class Entry>
const Entry& find_listed(const std::vector<Entry>& entries, std::string_view name,
                         std::string_view kind, std::string_view listed_by) {
    std::vector<std::string> names;
    for (const Entry& entry : entries) {
        if (entry.name == name) return entry;
        names.push_back(entry.name);
    }
    throw Error(ErrorKind::invalid, fmt::format("there is no {} {}.{}", kind, name,
                                                expected_names(name, names, listed_by)));
}

}  // namespace elm

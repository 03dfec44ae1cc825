#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/toml_config.h"

/// Lists of things that are known by name: structs with a `name`. `kind` says what they are, as
/// "sequence model".
namespace elm {

/// Throws Error{invalid} with the nearest name, or all where none is near, if there is none of this
/// name.
template <class Entry>
const Entry& find_entry(const std::vector<Entry>& entries, std::string_view name,
                        std::string_view kind) {
    std::vector<std::string> names;
    for (const Entry& entry : entries) {
        if (entry.name == name) return entry;
        names.push_back(entry.name);
    }
    throw Error(ErrorKind::invalid,
                fmt::format("there is no {} {}.{}", kind, name, nearest_or_all(name, names)));
}

/// Throws Error{invalid} if there is one of this name.
template <class Entry>
void add_entry(std::vector<Entry>& entries, Entry entry, std::string_view kind) {
    for (const Entry& other : entries) {
        ELM_CHECK(other.name != entry.name, "there is a {} {} already", kind, entry.name);
    }
    entries.push_back(std::move(entry));
}

}  // namespace elm

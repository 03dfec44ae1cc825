#pragma once

#include <cstdint>
#include <string>

#include "kernels/io/toml_config.h"

namespace elm {

/// Named values that a file of an arena holds. Getters throw Error{data} with the file and the name
/// for a value that is not there or is of another form.
class StoredValues {
public:
    /// `where`: the file, and what of it, as messages name it.
    StoredValues(std::string where, Values values);
    /// A section of a configuration. Throws Error{data} where it is not there.
    StoredValues(const std::string& where, const Config& config, const std::string& section);

    std::string text(const std::string& name) const;
    std::int64_t whole(const std::string& name) const;
    double number(const std::string& name) const;
    /// Seeds do not fit into a whole number of TOML: they stand as text.
    std::uint64_t seed(const std::string& name) const;

private:
    const Value& value(const std::string& name) const;
    [[noreturn]] void refuse(const std::string& name, const char* expected) const;

    std::string where_;
    Values values_;
};

/// Reads a configuration that the program wrote: throws Error{data} for what is no TOML.
Config stored_config(const std::string& text, const std::string& origin);
/// The same of a file.
Config stored_config(const std::string& path);

/// How something is to be made now against how it was made, which stands in the file `path`: all
/// differences, or that there is no such file; empty: the same. Throws as stored_config().
std::string made_otherwise(const std::string& path, const Config& now);

}  // namespace elm

#include "kernels/io/toml_config.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/nearest_name.h"
#include "kernels/io/one_line.h"

namespace elm {
namespace {

Value to_value(const toml::node& node, const std::string& where) {
    if (const auto* flag = node.as_boolean()) return flag->get();
    if (const auto* whole = node.as_integer()) return whole->get();
    if (const auto* real = node.as_floating_point()) return real->get();
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* list = node.as_array()) {
        std::string joined;
        for (const toml::node& item : *list) {
            if (!joined.empty()) joined += ',';
            joined += to_text(to_value(item, where));
        }
        return joined;
    }
    throw Error(ErrorKind::invalid,
                fmt::format("{}: expected a boolean, a number, a text or a list", where));
}

}  // namespace

Config Config::parse(const std::string& text, const std::string& origin) {
    Config config;
    try {
        const toml::table root = toml::parse(text, origin);
        for (const auto& [section, node] : root) {
            const std::string name(section.str());
            const auto* table = node.as_table();
            if (table == nullptr) {
                throw Error(ErrorKind::invalid,
                            fmt::format("{}: {} stands outside a section. Put it under a line such "
                                        "as [simulate].",
                                        origin, name));
            }
            for (const auto& [key, value] : *table) {
                config.sections[name][std::string(key.str())] =
                    to_value(value, fmt::format("{}: {}.{}", origin, name, key.str()));
            }
        }
    } catch (const toml::parse_error& failure) {
        throw Error(ErrorKind::invalid,
                    fmt::format("{}:{}:{}: {}", origin, failure.source().begin.line,
                                failure.source().begin.column,
                                one_line(std::string(failure.description()))));
    }
    return config;
}

Config Config::load(const std::string& path) {
    if (Hdf5File::is_hdf5(path)) {
        return parse(Hdf5File::open(path).read_string("/config"), path + ":/config");
    }
    std::ifstream file(path);
    if (!file || std::filesystem::is_directory(path)) {
        throw Error(ErrorKind::data, fmt::format("{}: there is no such configuration file.", path));
    }
    std::stringstream text;
    text << file.rdbuf();
    if (path.ends_with(".toml")) return parse(text.str(), path);
    try {
        return parse(text.str(), path);
    } catch (const Error& error) {
        throw Error(error.kind(),
                    fmt::format("{} is no configuration: expected TOML, or the HDF5 output of a "
                                "run. Read as TOML: {}",
                                path, error.message()));
    }
}

std::string Config::to_toml() const {
    toml::table root;
    for (const auto& [section, values] : sections) {
        toml::table table;
        for (const auto& [key, value] : values) {
            std::visit([&, &name = key](const auto& item) { table.insert(name, item); }, value);
        }
        root.insert(section, std::move(table));
    }
    std::stringstream text;
    text << root << '\n';
    return text.str();
}

Value parse_value(std::string_view text) {
    const char* const end = text.data() + text.size();
    if (text == "true") return true;
    if (text == "false") return false;
    std::int64_t whole = 0;
    if (const auto read = std::from_chars(text.data(), end, whole);
        read.ec == std::errc{} && read.ptr == end) {
        return whole;
    }
    double real = 0;
    if (const auto read = std::from_chars(text.data(), end, real);
        read.ec == std::errc{} && read.ptr == end) {
        return real;
    }
    return std::string(text);
}

std::string to_text(const Value& value) {
    return std::visit([](const auto& item) { return fmt::format("{}", item); }, value);
}

std::string nearest_hint(std::string_view word, const std::vector<std::string>& names) {
    const std::string nearest = nearest_name(word, names);
    return nearest.empty() ? "" : fmt::format(" Did you mean {}?", nearest);
}

std::string nearest_or_all(std::string_view word, const std::vector<std::string>& names) {
    const std::string hint = nearest_hint(word, names);
    if (!hint.empty() || names.empty()) return hint;
    return fmt::format(" Expected one of {}.", fmt::join(names, ", "));
}

}  // namespace elm

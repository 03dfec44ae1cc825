#include "network/interchange/sonata/sonata_types.h"

#include <charconv>
#include <cmath>
#include <fstream>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/file_kind.h"
#include "kernels/io/one_line.h"

namespace elm::network {
namespace {

[[noreturn]] void fail(const std::string& place, const std::string& message) {
    throw Error(ErrorKind::data, one_line(fmt::format("{}: {}", place, message)));
}

std::vector<std::string> fields_of(const std::string& line) {
    std::vector<std::string> fields;
    std::size_t at = 0;
    while (true) {
        at = line.find_first_not_of(" \t\r", at);
        if (at == std::string::npos) return fields;
        const bool quoted = line[at] == '"';
        const std::size_t begin = quoted ? at + 1 : at;
        const std::size_t end = std::min(
            line.size(), quoted ? line.find('"', begin) : line.find_first_of(" \t\r", begin));
        fields.push_back(line.substr(begin, end - begin));
        at = end + (quoted ? 1 : 0);
        if (at >= line.size()) return fields;
    }
}

template <class T>
std::optional<T> number_in(const std::string& text) {
    T value{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return value;
}

}  // namespace

SonataTypes::SonataTypes(const std::string& path, const std::string& id_column) : path_(path) {
    require_plain_file(path);
    std::ifstream file(path);
    std::string line;
    if (!file || !std::getline(file, line))
        fail(path, "cannot be read, expected a table of types.");
    for (const std::string& name : fields_of(line)) {
        if (columns_.emplace(name, columns_.size()).second) continue;
        fail(path + ":1", fmt::format("the column {} stands twice.", name));
    }
    if (!columns_.contains(id_column)) fail(path + ":1", "has no column " + id_column + ".");
    for (std::int64_t number = 2; std::getline(file, line); ++number) {
        std::vector<std::string> fields = fields_of(line);
        if (fields.empty()) continue;
        const std::string here = fmt::format("{}:{}", path, number);
        if (fields.size() != columns_.size()) {
            fail(here, fmt::format("has {} fields, expected {}.", fields.size(), columns_.size()));
        }
        const std::string& id = fields[columns_.at(id_column)];
        const auto value = number_in<std::int64_t>(id);
        if (!value) fail(here, fmt::format("{} is {}, expected a whole number.", id_column, id));
        if (!rows_.emplace(*value, Row{number, std::move(fields)}).second) {
            fail(here, fmt::format("{} {} stands twice.", id_column, *value));
        }
    }
}

std::string SonataTypes::text(std::int64_t id, const std::string& column) const {
    const auto row = rows_.find(id);
    const auto found = columns_.find(column);
    if (row == rows_.end() || found == columns_.end()) return {};
    const std::string& field = row->second.fields[found->second];
    return field == "NULL" ? std::string() : field;
}

std::optional<double> SonataTypes::number(std::int64_t id, const std::string& column) const {
    const std::string field = text(id, column);
    if (field.empty()) return std::nullopt;
    const auto value = number_in<double>(field);
    if (!value || !std::isfinite(*value)) {
        fail(place(id), fmt::format("{} is {}, expected a finite number.", column, field));
    }
    return value;
}

std::string SonataTypes::place(std::int64_t id) const {
    if (path_.empty()) return "a table of types, of which the configuration names none";
    const auto row = rows_.find(id);
    return row == rows_.end() ? path_ : fmt::format("{}:{}", path_, row->second.line);
}

}  // namespace elm::network

#include "kernels/io/config_tree.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "kernels/core/support/error.h"
#include "kernels/io/one_line.h"
#include "kernels/io/toml_config.h"

namespace elm {

struct ConfigTree::Table {
    std::shared_ptr<const toml::table> root;  // owns `table`
    const toml::table* table = nullptr;
    std::string path;  // "region.soma", empty for the root
    std::string origin;
};

ConfigTree::ConfigTree(std::shared_ptr<const Table> table) : table_(std::move(table)) {}

ConfigTree ConfigTree::parse(const std::string& text, const std::string& origin) {
    try {
        const auto root = std::make_shared<const toml::table>(toml::parse(text, origin));
        return ConfigTree(std::make_shared<const Table>(Table{root, root.get(), "", origin}));
    } catch (const toml::parse_error& failure) {
        throw Error(ErrorKind::invalid,
                    fmt::format("{}:{}:{}: {}", origin, failure.source().begin.line,
                                failure.source().begin.column,
                                one_line(std::string(failure.description()))));
    }
}

ConfigTree ConfigTree::load(const std::string& path) {
    std::ifstream file(path);
    if (std::filesystem::is_directory(path)) {
        throw Error(ErrorKind::data, fmt::format("{} is a folder, expected a TOML file.", path));
    }
    if (!file) {
        throw Error(ErrorKind::data, fmt::format("{}: there is no such file.", path));
    }
    std::stringstream text;
    text << file.rdbuf();
    return parse(text.str(), path);
}

const std::string& ConfigTree::origin() const noexcept { return table_->origin; }

bool ConfigTree::has(const std::string& key) const { return table_->table->contains(key); }

bool ConfigTree::is_table(const std::string& key) const {
    return has(key) && table_->table->get(key)->is_table();
}

bool ConfigTree::is_text(const std::string& key) const {
    return has(key) && table_->table->get(key)->is_string();
}

bool ConfigTree::is_list(const std::string& key) const {
    return has(key) && table_->table->get(key)->is_array();
}

std::vector<std::string> ConfigTree::keys() const {
    // The library sorts keys; their places in the file give the order back.
    std::vector<std::pair<toml::source_position, std::string>> places;
    for (const auto& [key, node] : *table_->table) {
        places.emplace_back(key.source().begin, std::string(key.str()));
    }
    std::stable_sort(places.begin(), places.end(),
                     [](const auto& left, const auto& right) { return left.first < right.first; });
    std::vector<std::string> names;
    for (const auto& place : places) names.push_back(place.second);
    return names;
}

void ConfigTree::fail(const std::string& key, const std::string& message) const {
    toml::source_position place = table_->table->source().begin;
    std::string name = table_->path;
    if (!key.empty()) name += (name.empty() ? "" : ".") + key;
    for (const auto& [item, node] : *table_->table) {
        if (item.str() == key) place = item.source().begin;
    }
    throw Error(ErrorKind::invalid,
                fmt::format("{}:{}:{}: {}{}{}", table_->origin, place.line, place.column, name,
                            name.empty() ? "" : ": ", message));
}

std::string ConfigTree::place() const {
    const toml::source_position place = table_->table->source().begin;
    return fmt::format("{}:{}:{}{}{}", table_->origin, place.line, place.column,
                       table_->path.empty() ? "" : ": ", table_->path);
}

double ConfigTree::number(const std::string& key) const {
    const auto value = optional_number(key);
    if (!value) fail(key, "this number is missing.");
    return *value;
}

std::optional<double> ConfigTree::optional_number(const std::string& key) const {
    const toml::node* node = table_->table->get(key);
    if (node == nullptr) return std::nullopt;
    if (const auto* real = node->as_floating_point()) {
        if (!std::isfinite(real->get())) {
            fail(key, fmt::format("is {}, expected a finite number.", real->get()));
        }
        return real->get();
    }
    if (const auto* whole = node->as_integer()) return static_cast<double>(whole->get());
    fail(key, "expected a number.");
}

std::string ConfigTree::text(const std::string& key) const {
    const auto value = optional_text(key);
    if (!value) fail(key, "this text is missing.");
    return *value;
}

std::optional<std::string> ConfigTree::optional_text(const std::string& key) const {
    const toml::node* node = table_->table->get(key);
    if (node == nullptr) return std::nullopt;
    if (const auto* text = node->as_string()) return text->get();
    fail(key, "expected a text in quotes.");
}

bool ConfigTree::boolean(const std::string& key) const {
    const toml::node* node = table_->table->get(key);
    if (node == nullptr) fail(key, "is missing, expected true or false.");
    if (const auto* flag = node->as_boolean()) return flag->get();
    fail(key, "expected true or false.");
}

std::vector<std::string> ConfigTree::texts(const std::string& key) const {
    const toml::node* node = table_->table->get(key);
    if (node == nullptr) fail(key, "this list is missing.");
    const auto* list = node->as_array();
    std::vector<std::string> items;
    if (list == nullptr) fail(key, "expected a list of texts in quotes.");
    for (const toml::node& item : *list) {
        const auto* text = item.as_string();
        if (text == nullptr) fail(key, "expected a list of texts in quotes.");
        items.push_back(text->get());
    }
    return items;
}

std::vector<double> ConfigTree::numbers(const std::string& key) const {
    const toml::node* node = table_->table->get(key);
    if (node == nullptr) fail(key, "this list is missing.");
    const auto* list = node->as_array();
    if (list == nullptr) fail(key, "expected a list of numbers.");
    std::vector<double> items;
    for (const toml::node& item : *list) {
        const auto value = item.value<double>();  // of whole numbers too
        if (!item.is_number() || !value || !std::isfinite(*value)) {
            fail(key, fmt::format("item {} is no finite number.", items.size()));
        }
        items.push_back(*value);
    }
    return items;
}

std::vector<ConfigTree> ConfigTree::tables(const std::string& key) const {
    std::vector<ConfigTree> result;
    const toml::node* node = table_->table->get(key);
    if (node == nullptr) return result;
    const auto* list = node->as_array();
    if (list == nullptr) fail(key, fmt::format("expected a list of sections: [[{}]].", key));
    for (const toml::node& item : *list) {
        const auto* table = item.as_table();
        if (table == nullptr) fail(key, fmt::format("expected a list of sections: [[{}]].", key));
        const std::string path = fmt::format("{}{}{}[{}]", table_->path,
                                             table_->path.empty() ? "" : ".", key, result.size());
        result.push_back(ConfigTree(
            std::make_shared<const Table>(Table{table_->root, table, path, table_->origin})));
    }
    return result;
}

ConfigTree ConfigTree::table(const std::string& key) const {
    const toml::node* node = table_->table->get(key);
    if (node == nullptr) fail(key, "this section is missing.");
    const auto* table = node->as_table();
    if (table == nullptr) fail(key, "expected a section, or { ... }.");
    const std::string path = table_->path.empty() ? key : fmt::format("{}.{}", table_->path, key);
    return ConfigTree(
        std::make_shared<const Table>(Table{table_->root, table, path, table_->origin}));
}

void ConfigTree::require_known(const std::vector<std::string>& names) const {
    for (const std::string& key : keys()) {
        if (std::find(names.begin(), names.end(), key) != names.end()) continue;
        fail(key, fmt::format("there is no such key here.{} Known are {}.",
                              nearest_hint(key, names), fmt::join(names, ", ")));
    }
}

}  // namespace elm

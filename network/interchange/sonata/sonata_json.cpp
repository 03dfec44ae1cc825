#include "network/interchange/sonata/sonata_json.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernels/core/support/error.h"
#include "kernels/io/file_kind.h"
#include "kernels/io/one_line.h"

namespace elm::network {
namespace {

using Json = nlohmann::ordered_json;

const Json& json_of(const void* part) { return *static_cast<const Json*>(part); }

/// Without the name of the exception and the place in front.
std::string words_of(const Json::exception& error) {
    const std::string text = one_line(error.what());
    const std::size_t reason = text.find(" - ");
    if (reason != std::string::npos) return text.substr(reason + 3);
    return text.starts_with('[') ? text.substr(text.find(']') + 2) : text;
}

[[noreturn]] void fail_json(const std::string& path, const std::string& text,
                            const Json::parse_error& error) {
    const std::string before = text.substr(0, error.byte == 0 ? 0 : error.byte - 1);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
    throw Error(ErrorKind::data,
                fmt::format("{}:{}:{}: no JSON from here on: {}. Is there a comma, a quote or a "
                            "bracket too many or too few?",
                            path, line, column, words_of(error)));
}

}  // namespace

struct JsonTree::Document {
    std::string path;
    Json root;
};

JsonTree JsonTree::load(const std::string& path) {
    require_plain_file(path);
    std::ifstream file(path);
    if (!file) throw Error(ErrorKind::data, fmt::format("{} cannot be read.", path));
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    try {
        JsonTree tree;
        tree.document_ = std::make_shared<const Document>(Document{path, Json::parse(text)});
        tree.part_ = &tree.document_->root;
        return tree;
    } catch (const Json::parse_error& error) {
        fail_json(path, text, error);
    } catch (const Json::exception& error) {
        throw Error(ErrorKind::data, fmt::format("{}: {}.", path, words_of(error)));
    }
}

std::string JsonTree::place() const {
    return keys_.empty() ? document_->path : fmt::format("{}: {}", document_->path, keys_);
}

bool JsonTree::is_object() const { return json_of(part_).is_object(); }
bool JsonTree::is_null() const { return json_of(part_).is_null(); }
bool JsonTree::has(const std::string& key) const {
    return is_object() && json_of(part_).contains(key);
}

std::vector<std::string> JsonTree::keys() const {
    if (!is_object()) fail("expected an object.");
    std::vector<std::string> keys;
    for (const auto& entry : json_of(part_).items()) keys.push_back(entry.key());
    return keys;
}

std::size_t JsonTree::size() const {
    if (!json_of(part_).is_array()) fail("expected a list.");
    return json_of(part_).size();
}

JsonTree JsonTree::at(const std::string& key) const {
    JsonTree inner = *this;
    inner.keys_ = keys_.empty() ? key : keys_ + "." + key;
    if (!has(key)) inner.fail("is not there.");
    inner.part_ = &json_of(part_).at(key);
    return inner;
}

JsonTree JsonTree::at(std::size_t index) const {
    JsonTree inner = *this;
    inner.keys_ = fmt::format("{}[{}]", keys_, index);
    inner.part_ = &json_of(part_).at(index);
    return inner;
}

std::string JsonTree::text() const {
    if (!json_of(part_).is_string()) fail("expected a text.");
    return json_of(part_).get<std::string>();
}

double JsonTree::number() const {
    const bool is_number = json_of(part_).is_number();
    if (!is_number || !std::isfinite(json_of(part_).get<double>())) {
        fail("expected a finite number.");
    }
    return json_of(part_).get<double>();
}

void JsonTree::fail(const std::string& message) const {
    throw Error(ErrorKind::data, one_line(fmt::format("{}: {}", place(), message)));
}

}  // namespace elm::network

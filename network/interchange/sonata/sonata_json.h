#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace elm::network {

/// A part of a JSON file, and where it stands. Every error is Error{data} and begins with the file
/// and the keys that lead to the part: "config.json: networks.nodes[0]".
class JsonTree {
public:
    static JsonTree load(const std::string& path);

    std::string place() const;
    bool has(const std::string& key) const;
    bool is_object() const;
    bool is_null() const;
    /// Of an object, in the order in which they stand; an error for others.
    std::vector<std::string> keys() const;
    /// Of a list; an error for others.
    std::size_t size() const;
    JsonTree at(const std::string& key) const;
    JsonTree at(std::size_t index) const;
    std::string text() const;
    double number() const;  // finite
    [[noreturn]] void fail(const std::string& message) const;

private:
    struct Document;
    JsonTree() = default;

    std::shared_ptr<const Document> document_;
    const void* part_ = nullptr;  // of the document
    std::string keys_ = {};
};

}  // namespace elm::network

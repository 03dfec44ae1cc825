#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "kernels/io/value.h"

namespace elm {

/// One JSON object: named fields in the order in which they were set. Numbers that are not finite
/// become null.
class Record {
public:
    Record& set(std::string name, Value value);
    Record& set(std::string name, const char* text);
    Record& set(std::string name, std::vector<std::string> list);
    Record& set(std::string name, std::vector<Record> list);
    Record& set(std::string name, Record object);
    Record& set_null(std::string name);
    /// All fields of another one, behind its own.
    Record& append(const Record& other);

    /// On several lines, indented.
    std::string to_json() const;
    /// On one line, as in a stream of objects.
    std::string to_json_line() const;

private:
    friend struct JsonBuilder;
    using Field = std::variant<Value, std::vector<std::string>, std::vector<Record>>;
    struct Named {
        std::string name;
        Field field;
        bool is_object = false;  // the only element of a list of records stands for itself
    };
    std::vector<Named> fields_;
};

}  // namespace elm

#include "tasks/report/results_writer.h"

#include <limits>

#include <nlohmann/json.hpp>

namespace elm {

struct JsonBuilder {
    static nlohmann::ordered_json build(const Record& record) {
        nlohmann::ordered_json object = nlohmann::ordered_json::object();
        for (const Record::Named& named : record.fields_) {
            object[named.name] = build(named);
        }
        return object;
    }
    static nlohmann::ordered_json build(const Record::Named& named) {
        if (const auto* value = std::get_if<Value>(&named.field)) {
            return std::visit([](const auto& item) { return nlohmann::ordered_json(item); },
                              *value);
        }
        if (const auto* list = std::get_if<std::vector<std::string>>(&named.field)) return *list;
        nlohmann::ordered_json objects = nlohmann::ordered_json::array();
        for (const Record& item : std::get<std::vector<Record>>(named.field)) {
            objects.push_back(build(item));
        }
        return named.is_object ? objects.front() : objects;
    }
};

Record& Record::set(std::string name, Value value) {
    fields_.push_back({std::move(name), std::move(value)});
    return *this;
}

Record& Record::set(std::string name, const char* text) {
    return set(std::move(name), Value(std::string(text)));
}

Record& Record::append(const Record& other) {
    fields_.insert(fields_.end(), other.fields_.begin(), other.fields_.end());
    return *this;
}

Record& Record::set_null(std::string name) {
    // A number that is not finite is written as null.
    return set(std::move(name), Value(std::numeric_limits<double>::quiet_NaN()));
}

Record& Record::set(std::string name, std::vector<std::string> list) {
    fields_.push_back({std::move(name), std::move(list)});
    return *this;
}

Record& Record::set(std::string name, std::vector<Record> list) {
    fields_.push_back({std::move(name), std::move(list)});
    return *this;
}

Record& Record::set(std::string name, Record object) {
    fields_.push_back({std::move(name), std::vector<Record>{std::move(object)}, true});
    return *this;
}

std::string Record::to_json() const {
    constexpr int indent = 2;
    // Bytes that are not UTF-8 (in a path, say) are replaced instead of thrown at the user.
    return JsonBuilder::build(*this).dump(indent, ' ', false,
                                          nlohmann::json::error_handler_t::replace);
}

std::string Record::to_json_line() const {
    return JsonBuilder::build(*this).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace elm

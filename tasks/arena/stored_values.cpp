#include "tasks/arena/stored_values.h"

#include <charconv>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "tasks/training/plan/checkpoint_match.h"

namespace elm {
namespace {

/// A file that the program wrote is damaged where a person's would be wrong.
template <class Read>
Config as_data(const Read& read) {
    try {
        return read();
    } catch (const Error& error) {
        throw Error(ErrorKind::data, error.message(), error.site());
    }
}

}  // namespace

StoredValues::StoredValues(std::string where, Values values)
    : where_(std::move(where)), values_(std::move(values)) {}

StoredValues::StoredValues(const std::string& where, const Config& config,
                           const std::string& section)
    : where_(where) {
    const auto found = config.sections.find(section);
    if (found == config.sections.end()) {
        throw Error(ErrorKind::data, fmt::format("{} has no section {}.", where, section));
    }
    values_ = found->second;
}

const Value& StoredValues::value(const std::string& name) const {
    const auto found = values_.find(name);
    if (found != values_.end()) return found->second;
    throw Error(ErrorKind::data, fmt::format("{} has no {}.", where_, name));
}

void StoredValues::refuse(const std::string& name, const char* expected) const {
    throw Error(ErrorKind::data, fmt::format("{}: {} is '{}', expected {}.", where_, name,
                                             to_text(value(name)), expected));
}

std::string StoredValues::text(const std::string& name) const { return to_text(value(name)); }

std::int64_t StoredValues::whole(const std::string& name) const {
    const auto* const whole = std::get_if<std::int64_t>(&value(name));
    if (whole == nullptr) refuse(name, "a whole number");
    return *whole;
}

double StoredValues::number(const std::string& name) const {
    if (const auto* const whole = std::get_if<std::int64_t>(&value(name))) {
        return static_cast<double>(*whole);
    }
    const auto* const real = std::get_if<double>(&value(name));
    if (real == nullptr) refuse(name, "a number");
    return *real;
}

std::uint64_t StoredValues::seed(const std::string& name) const {
    const std::string text = to_text(value(name));
    std::uint64_t seed = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, seed);
    if (read.ec != std::errc{} || read.ptr != end) refuse(name, "a seed, 0 to 2^64 - 1");
    return seed;
}

Config stored_config(const std::string& text, const std::string& origin) {
    return as_data([&] { return Config::parse(text, origin); });
}

Config stored_config(const std::string& path) {
    return as_data([&] { return Config::load(path); });
}

std::string made_otherwise(const std::string& path, const Config& now) {
    if (!std::filesystem::exists(path)) return fmt::format("there is no {}", path);
    return differences(stored_config(path), now, "");
}

}  // namespace elm

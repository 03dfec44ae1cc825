#include "kernels/io/option_set.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/nearest_name.h"

namespace elm {
namespace {

template <class Number>
std::optional<OptionValue> read_number(std::string_view text) {
    Number number{};
    const char* end = text.data() + text.size();
    const auto [stop, status] = std::from_chars(text.data(), end, number);
    if (status != std::errc{} || stop != end) return std::nullopt;
    return OptionValue(number);
}

/// `text` as the type that `like` has.
std::optional<OptionValue> read(std::string_view text, const OptionValue& like) {
    if (std::holds_alternative<std::string>(like)) return OptionValue(std::string(text));
    if (std::holds_alternative<double>(like)) return read_number<double>(text);
    if (std::holds_alternative<std::int64_t>(like)) return read_number<std::int64_t>(text);
    if (text == "true") return OptionValue(true);
    if (text == "false") return OptionValue(false);
    return std::nullopt;
}

std::string write(const OptionValue& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
    return fmt::format("{}", std::get<double>(value));
}

bool allowed(const Option& option) {
    if (const auto* text = std::get_if<std::string>(&option.value)) {
        return option.choices.empty() || std::find(option.choices.begin(), option.choices.end(),
                                                   *text) != option.choices.end();
    }
    const auto in_range = [&](double number) {
        return number >= option.lowest && number <= option.highest;  // false for NaN
    };
    if (const auto* number = std::get_if<double>(&option.value)) return in_range(*number);
    if (const auto* whole = std::get_if<std::int64_t>(&option.value)) {
        return in_range(static_cast<double>(*whole));
    }
    return true;
}

void require_allowed(const Option& option) {
    if (allowed(option)) return;
    const std::string nearest = nearest_name(write(option.value), option.choices);
    throw Error(ErrorKind::invalid,
                fmt::format("{} is {}{}{}, expected {}{}{}", option.name, write(option.value),
                            option.unit.empty() ? "" : " ", option.unit, describe_range(option),
                            nearest.empty() ? "" : ". Did you mean ",
                            nearest.empty() ? "" : nearest + "?"));
}

}  // namespace

std::string_view type_name(const OptionValue& value) noexcept {
    constexpr std::string_view names[] = {"boolean", "whole number", "number", "text"};
    return names[value.index()];
}

std::string describe_range(const Option& option) {
    if (!option.choices.empty()) {
        std::string text = option.choices.front();
        for (std::size_t i = 1; i < option.choices.size(); ++i) {
            text += (i + 1 == option.choices.size() ? " or " : ", ") + option.choices[i];
        }
        return text;
    }
    const bool below = std::isfinite(option.lowest), above = std::isfinite(option.highest);
    const std::string unit = option.unit.empty() ? "" : " " + option.unit;
    if (below && above) return fmt::format("{} to {}{}", option.lowest, option.highest, unit);
    if (below) return fmt::format("at least {}{}", option.lowest, unit);
    if (above) return fmt::format("at most {}{}", option.highest, unit);
    return "";
}

void OptionSet::declare(Option option) {
    const bool known = std::any_of(options_.begin(), options_.end(),
                                   [&](const Option& other) { return other.name == option.name; });
    ELM_ASSERT(!known);
    require_allowed(option);
    options_.push_back(std::move(option));
}

void OptionSet::set(std::string_view name, std::string_view text) {
    const auto found = std::find_if(options_.begin(), options_.end(),
                                    [&](const Option& option) { return option.name == name; });
    if (found == options_.end()) {
        std::vector<std::string> names;
        for (const Option& option : options_) names.push_back(option.name);
        const std::string nearest = nearest_name(name, names);
        throw Error(
            ErrorKind::invalid,
            nearest.empty()
                ? fmt::format("there is no option {}: expected {}", name, fmt::join(names, ", "))
                : fmt::format("there is no option {}. Did you mean {}?", name, nearest));
    }
    const std::optional<OptionValue> value = read(text, found->value);
    ELM_CHECK(value.has_value(), "{} is '{}', expected a {}", name, text, type_name(found->value));
    Option changed = *found;
    changed.value = *value;
    require_allowed(changed);
    *found = std::move(changed);
}

std::string OptionSet::text(std::string_view name) const { return write(at(name).value); }

const Option& OptionSet::at(std::string_view name) const {
    const auto found = std::find_if(options_.begin(), options_.end(),
                                    [&](const Option& option) { return option.name == name; });
    ELM_ASSERT(found != options_.end());
    return *found;
}

Values to_values(const OptionSet& options) {
    Values values;
    for (const Option& option : options.options()) {
        std::visit([&](const auto& value) { values[option.name] = value; }, option.value);
    }
    return values;
}

}  // namespace elm

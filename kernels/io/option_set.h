#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kernels/io/value.h"

namespace elm {

using OptionValue = std::variant<bool, std::int64_t, double, std::string>;

/// Range that a random search draws a number from, both ends included.
struct SearchRange {
    double low = 0, high = 0;  // none where `high` is not above `low`
    bool logarithmic = false;  // equal shares of draws for equal ratios, not for equal differences

    bool given() const noexcept { return high > low; }
};

/// One thing that a user may set. The type of `value`, at first the default, is that of the option.
struct Option {
    std::string name;
    OptionValue value;
    std::string help;
    std::string unit = {};                                     // "ms"; empty for a pure number
    std::vector<std::string> choices = {};                     // of a text option; empty: any text
    double lowest = -std::numeric_limits<double>::infinity();  // of a number, inclusive
    double highest = std::numeric_limits<double>::infinity();
    SearchRange search = {};  // of a number
};

/// The options of one component: their schema, and the values they have been given. Serves the
/// command line, configuration files, help and checkpoints alike.
class OptionSet {
public:
    /// Throws Error{invalid} if the default breaks its own range. Names are unique (a bug
    /// otherwise).
    void declare(Option option);

    /// Reads `text` as the option's type: true/false, a whole number, a number, or text.
    /// Throws Error{invalid} for a name that was not declared (and names the nearest), for text of
    /// another type, and for a value out of range.
    void set(std::string_view name, std::string_view text);

    /// The value of an option of type T; another name or type is a bug.
    template <class T>
    const T& get(std::string_view name) const {
        return std::get<T>(at(name).value);
    }

    /// The value in the form that set() takes, without loss.
    std::string text(std::string_view name) const;

    std::span<const Option> options() const noexcept { return options_; }

private:
    const Option& at(std::string_view name) const;

    std::vector<Option> options_;
};

/// All values of `options`, by name.
Values to_values(const OptionSet& options);

/// "boolean", "whole number", "number" or "text"
std::string_view type_name(const OptionValue& value) noexcept;

/// "0 to 1", "at least 1", "a or b", or empty: which values are allowed.
std::string describe_range(const Option& option);

}  // namespace elm

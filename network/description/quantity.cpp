#include "network/description/quantity.h"

#include <cmath>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "kernels/core/support/check.h"

namespace elm::network {
namespace {

struct Unit {
    std::string_view base;
    int exponent;  // of ten
};

std::optional<Unit> unit_of(std::string_view text) {
    static constexpr std::string_view bases[] = {"s", "V", "A", "S", "F", "Ohm", "Hz"};
    struct Prefix {
        std::string_view letters;
        int exponent;
    };
    static constexpr Prefix prefixes[] = {{"", 0},   {"f", -15}, {"p", -12},
                                          {"n", -9}, {"u", -6},  {"\xC2\xB5", -6},
                                          {"m", -3}, {"k", 3},   {"M", 6}};
    for (const std::string_view base : bases) {
        for (const Prefix& prefix : prefixes) {
            if (text.size() == prefix.letters.size() + base.size() &&
                text.starts_with(prefix.letters) && text.ends_with(base)) {
                return Unit{base, prefix.exponent};
            }
        }
    }
    return std::nullopt;
}

}  // namespace

double parse_quantity(std::string_view text, std::string_view unit) {
    const std::string copy(text);
    char* end = nullptr;
    const double number = std::strtod(copy.c_str(), &end);
    ELM_CHECK(end != copy.c_str() && std::isfinite(number),
              "\"{}\": expected a number and its unit, as \"1.5 {}\".", text, unit);
    std::string_view rest(end);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    while (rest.ends_with(' ')) rest.remove_suffix(1);
    if (rest.empty() || rest == unit) return number;
    const std::optional<Unit> given = unit_of(rest), wanted = unit_of(unit);
    ELM_CHECK(given && wanted && given->base == wanted->base,
              "\"{}\": {} is no unit of this quantity, expected {}.", text, rest,
              unit.empty() ? "a pure number" : unit);
    const int shift = given->exponent - wanted->exponent;
    // Divided by a whole power where that is exact, multiplied where that is.
    return shift < 0 ? number / std::pow(10.0, -shift) : number * std::pow(10.0, shift);
}

std::string quantity_text(double value, std::string_view unit) {
    if (unit.empty()) return fmt::format("{:g}", value);
    if (value != 0 && std::abs(value) < 1) {
        if (unit == "nA") return fmt::format("{:g} pA", 1000 * value);
        if (unit == "uS") return fmt::format("{:g} nS", 1000 * value);
    }
    return fmt::format("{:g} {}", value, unit);
}

}  // namespace elm::network

#pragma once

#include <string>
#include <string_view>

namespace elm::network {

/// The number of a text such as "87.8 pA" in `unit`, here "nA": 0.0878. Prefixes f to M; units s,
/// V, A, S, F, Ohm and Hz; a text without unit is taken to be in `unit`. Throws Error{invalid} for
/// a text that is no number, and for a unit of another quantity.
double parse_quantity(std::string_view text, std::string_view unit);

/// A value in `unit` as people write it: -0.04 in "nA" is "-40 pA"; a pure number has no unit.
std::string quantity_text(double value, std::string_view unit);

}  // namespace elm::network

#pragma once

#include <cmath>
#include <numbers>

namespace elm {

/// A standard normal number from two uniform ones, the first above 0 and at most 1. Source:
/// Box & Muller 1958, doi:10.1214/aoms/1177706645.
inline double normal_number(double first, double second) {
    return std::sqrt(-2 * std::log(first)) * std::cos(2 * std::numbers::pi * second);
}

}  // namespace elm

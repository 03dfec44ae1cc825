#pragma once

#include <cstdint>

namespace elm {

/// Rules that make a state space of steps from one of continuous time: the input is constant within
/// a step, or the trapezoidal rule (Tustin).
enum class Discretisation : std::uint8_t { zero_order_hold, bilinear };

}  // namespace elm

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace elm::network {

/// Later than any step that is run; a real number and a whole one.
inline constexpr double last_step = 0x1p62;

/// The step at whose end, or within which, a spike lies; -1 for one at time 0. Rounding may put a
/// spike a little behind the end of its step. `time_ms` is a number.
inline std::int64_t step_of_spike(double time_ms, double time_step_ms) {
    const double step = std::ceil(time_ms / time_step_ms * (1 - 1e-12) - 1e-9) - 1;
    return static_cast<std::int64_t>(std::clamp(step, -1.0, last_step));
}

/// The step that begins at a time, the nearest.
inline std::int64_t step_at(double time_ms, double time_step_ms) {
    return std::llround(std::min(time_ms / time_step_ms, last_step));
}

}  // namespace elm::network

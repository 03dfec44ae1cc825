#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tasks/events/sensor.h"

namespace elm {

inline constexpr Sensor nmnist_sensor{34, 34};

/// Events of a recording of N-MNIST (.bin), 5 bytes each: x, y, then a bit of polarity (1 is ON)
/// and 23 bits of time (us), the highest first. One of y = 240 is none: the clock of those after it
/// is 2^13 us further. Throws Error{data} naming `path` and the event for a length that is no
/// multiple of 5, for no events, for pixels outside the sensor and for times that go back.
/// Source: Orchard et al. 2015, doi:10.3389/fnins.2015.00437.
std::vector<CameraEvent> parse_nmnist(std::string_view bytes, const std::string& path);

}  // namespace elm

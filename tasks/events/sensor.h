#pragma once

#include <cstdint>
#include <vector>

namespace elm {

/// Pixels of an event camera.
struct Sensor {
    std::int64_t width = 0, height = 0;

    std::int64_t units() const { return 2 * width * height; }
    /// (polarity, y, x), row-major; polarity 1 is ON.
    std::int64_t unit(std::int64_t x, std::int64_t y, bool on) const {
        return ((on ? 1 : 0) * height + y) * width + x;
    }
    /// Units of a sensor whose pixels are squares of `side` pixels of this one, of each unit of
    /// this one. Throws Error{invalid} unless the squares fill the sensor.
    std::vector<std::int32_t> joined(std::int64_t side) const;
};

/// An event of a camera.
struct CameraEvent {
    std::int64_t time_us = 0;
    std::int32_t x = 0, y = 0;
    bool on = false;
};

}  // namespace elm

#include "tasks/events/sensor.h"

#include "kernels/core/support/check.h"

namespace elm {

std::vector<std::int32_t> Sensor::joined(std::int64_t side) const {
    ELM_CHECK(side >= 1 && width % side == 0 && height % side == 0,
              "squares of {} pixels do not fill a sensor of {} x {} pixels.", side, width, height);
    const Sensor coarse{width / side, height / side};
    std::vector<std::int32_t> units;
    for (const bool on : {false, true}) {
        for (std::int64_t y = 0; y < height; ++y) {
            for (std::int64_t x = 0; x < width; ++x) {
                units.push_back(static_cast<std::int32_t>(coarse.unit(x / side, y / side, on)));
            }
        }
    }
    return units;
}

}  // namespace elm

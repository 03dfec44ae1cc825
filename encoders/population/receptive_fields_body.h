#pragma once

#include "encoders/law/law.h"
#include "encoders/law/portable_math.h"

namespace elm {

/// receptive_fields.cpp has the equations.
struct ReceptiveFieldsLaw {
    std::int64_t steps_each = 1, units_each = 3;
    double lowest = 0, spacing = 1, width = 1, silent_below = 0;

    template <class Emit>
    ELM_HD void operator()(const ChannelValue& value, const Emit& emit) const {
        const auto steps = static_cast<double>(steps_each);
        for (std::int64_t unit = 0; unit < units_each; ++unit) {
            const double distance = (double{value.now()} - centre(unit)) / width;
            const double activity = portable::exp(-distance * distance / 2);
            const double late = std::nearbyint(steps * (1 - activity));
            if (activity < silent_below || late >= steps) continue;
            emit(static_cast<std::int64_t>(late), unit);
        }
    }

    ELM_HD double centre(std::int64_t unit) const {
        return std::fma(static_cast<double>(unit) - 0.5, spacing, lowest);
    }
};

}  // namespace elm

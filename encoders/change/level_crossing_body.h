#pragma once

#include "encoders/law/law.h"

namespace elm {

/// level_crossing.cpp has the equations. The levels of a step are counted at once.
struct LevelCrossingLaw {
    using State = std::int64_t;  // the number of the reference's level
    std::int64_t steps_each = 1, units_each = 2;
    double threshold = 0;
    std::int64_t most_spikes = 0;

    ELM_HD State start(const ChannelValue& /*first*/) const { return 0; }

    template <class Emit>
    ELM_HD void operator()(State& level, const ChannelValue& value, const Emit& emit) const {
        const double x = value.now();
        const auto above = [&](std::int64_t at) {
            return std::fma(-static_cast<double>(at), threshold, x);
        };
        const std::int64_t sign = above(level) < 0 ? -1 : 1;
        const auto left = [&](std::int64_t crossed) {  // to go after so many levels
            return static_cast<double>(sign) * above(level + sign * crossed);
        };
        auto count = static_cast<std::int64_t>(std::floor(left(0) / threshold));
        while (left(count) >= threshold) ++count;  // the quotient was rounded
        while (count > 0 && left(count - 1) < threshold) --count;
        if (most_spikes > 0 && count > most_spikes) count = most_spikes;
        if (count == 0) return;
        emit(0, sign > 0 ? 0 : 1, count);
        level += sign * count;
    }
};

}  // namespace elm

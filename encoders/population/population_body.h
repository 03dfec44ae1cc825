#pragma once

#include "encoders/law/law.h"
#include "encoders/law/portable_math.h"

namespace elm {

/// population.cpp has the equations.
struct TuningCurves {
    std::int64_t units = 1;
    double lowest = 0, highest = 1, width = 1;

    ELM_HD double centre(std::int64_t unit) const {
        return lowest + static_cast<double>(unit) * (highest - lowest) /
                            static_cast<double>(units > 1 ? units - 1 : 1);
    }
    ELM_HD float activity(float x, std::int64_t unit) const {
        const double distance = (double{x} - centre(unit)) / width;
        return static_cast<float>(portable::exp(-distance * distance / 2));
    }
};

/// The activity itself, as long as a value lasts.
struct ActivityLaw {
    static constexpr bool makes_values = true;
    std::int64_t steps_each = 1, units_each = 1;
    TuningCurves curves = {};

    template <class Emit>
    ELM_HD void operator()(const ChannelValue& value, const Emit& emit) const {
        for (std::int64_t unit = 0; unit < units_each; ++unit) {
            const float activity = curves.activity(value.now(), unit);
            for (std::int64_t step = 0; step < steps_each; ++step) emit(step, unit, activity);
        }
    }
};

/// Integrate-and-fire neurons that the activity drives.
struct ActivitySpikesLaw {
    static constexpr float threshold = 0.999F;  // SpikingJelly, PopSpikeEncoderDeterministic
    std::int64_t steps_each = 1, units_each = 1;
    TuningCurves curves = {};

    template <class Emit>
    ELM_HD void operator()(const ChannelValue& value, const Emit& emit) const {
        for (std::int64_t unit = 0; unit < units_each; ++unit) {
            const float activity = curves.activity(value.now(), unit);
            float potential = 0;
            for (std::int64_t step = 0; step < steps_each; ++step) {
                potential += activity;
                if (potential < threshold) continue;
                potential -= threshold;
                emit(step, unit);
            }
        }
    }
};

}  // namespace elm

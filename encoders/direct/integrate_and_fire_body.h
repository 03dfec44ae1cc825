#pragma once

#include "encoders/law/law.h"

namespace elm {

/// integrate_and_fire.cpp has the equations.
struct IntegrateAndFireLaw {
    std::int64_t steps_each = 1, units_each = 1;
    float gain = 1, rate = 1;  // step_ms / tau_ms
    bool first_only = false;

    template <class Emit>
    ELM_HD void operator()(const ChannelValue& value, const Emit& emit) const {
        const float x = value.now();
        float v = 0;
        for (std::int64_t step = 0; step < steps_each; ++step) {
            v = std::fma(rate, std::fma(gain, x, -v), v);
            if (v <= 1) continue;
            v = 0;
            emit(step, 0);
            if (first_only) return;
        }
    }
};

}  // namespace elm

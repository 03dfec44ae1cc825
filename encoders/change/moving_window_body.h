#pragma once

#include "encoders/law/law.h"

namespace elm {

/// moving_window.cpp has the equations.
struct MovingWindowLaw {
    std::int64_t steps_each = 1, units_each = 2;
    double threshold = 0;
    std::int64_t window = 1;

    template <class Emit>
    ELM_HD void operator()(const ChannelValue& value, const Emit& emit) const {
        if (value.step < window) return;
        double sum = 0;
        for (std::int64_t t = value.step - window; t < value.step; ++t) sum += value.at(t);
        const double base = sum / static_cast<double>(window), x = value.now();
        if (x > base + threshold) emit(0, 0);
        if (x < base - threshold) emit(0, 1);
    }
};

}  // namespace elm

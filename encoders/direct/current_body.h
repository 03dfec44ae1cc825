#pragma once

#include "encoders/law/law.h"

namespace elm {

/// current.cpp has the equation.
struct CurrentLaw {
    static constexpr bool makes_values = true;
    std::int64_t steps_each = 1, units_each = 1;
    float gain = 1;  // nA

    template <class Emit>
    ELM_HD void operator()(const ChannelValue& value, const Emit& emit) const {
        for (std::int64_t step = 0; step < steps_each; ++step) emit(step, 0, gain * value.now());
    }
};

}  // namespace elm

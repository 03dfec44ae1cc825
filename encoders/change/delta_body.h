#pragma once

#include "encoders/law/law.h"

namespace elm {

/// delta.cpp has the equations.
struct DeltaLaw {
    std::int64_t steps_each = 1, units_each = 2;
    float threshold = 0;
    bool from_first = false;

    template <class Emit>
    ELM_HD void operator()(const ChannelValue& value, const Emit& emit) const {
        const float x = value.now();
        const float before = value.step > 0 ? value.at(value.step - 1) : from_first ? x : 0.0F;
        if (x - before >= threshold) emit(0, 0);
        if (x - before <= -threshold) emit(0, 1);
    }
};

}  // namespace elm

#pragma once

#include "encoders/law/law.h"

namespace elm {

/// step_forward.cpp has the equations.
struct StepForwardLaw {
    using State = double;  // the base
    std::int64_t steps_each = 1, units_each = 2;
    double threshold = 0;

    ELM_HD State start(const ChannelValue& first) const { return double{first.now()}; }

    template <class Emit>
    ELM_HD void operator()(State& base, const ChannelValue& value, const Emit& emit) const {
        const double x = value.now();
        if (x > base + threshold) {
            base += threshold;
            emit(0, 0);
        } else if (x < base - threshold) {
            base -= threshold;
            emit(0, 1);
        }
    }
};

}  // namespace elm

#pragma once

#include "encoders/law/law.h"

namespace elm {

/// Each value, as often as hold.cpp says.
struct HoldLaw {
    static constexpr bool makes_values = true;
    std::int64_t steps_each = 1, units_each = 1;

    template <class Emit>
    ELM_HD void operator()(const ChannelValue& value, const Emit& emit) const {
        for (std::int64_t step = 0; step < steps_each; ++step) emit(step, 0, value.now());
    }
};

}  // namespace elm

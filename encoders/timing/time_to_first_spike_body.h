#pragma once

#include "encoders/law/law.h"
#include "encoders/law/portable_math.h"

namespace elm {

/// time_to_first_spike.cpp has the equations.
struct FirstSpikeLaw {
    std::int64_t steps_each = 1, units_each = 1;
    double tau = 0;

    template <class Emit>
    ELM_HD void operator()(const ChannelValue& value, const Emit& emit) const {
        const auto last = static_cast<double>(steps_each - 1);
        const double x = value.now();
        const double late = x > 0 ? std::ceil(tau * -portable::log(x) * last) : last;
        emit(static_cast<std::int64_t>(late < last ? late : last), 0);
    }
};

}  // namespace elm

#pragma once

#include "encoders/law/law.h"

namespace elm {

/// grey_bins.cpp has the equation.
struct GreyBinsLaw {
    std::int64_t steps_each = 1, units_each = 1;

    template <class Emit>
    ELM_HD void operator()(const ChannelValue& value, const Emit& emit) const {
        const double scaled = double{value.now()} * static_cast<double>(units_each);
        const auto bin = static_cast<std::int64_t>(std::floor(scaled));
        emit(0, bin < units_each ? bin : units_each - 1);
    }
};

}  // namespace elm
